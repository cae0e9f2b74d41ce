// A place within the page as it stands behind the # of the address, written and read.

export interface Address {
  readonly path: readonly string[];
  readonly params: URLSearchParams;
}

export type Params = Readonly<Record<string, string | null>>;

/** Every part is encoded. A parameter that is null or empty is left out. */
export function hrefOf(path: readonly string[], params: Params = {}): string {
  const given = Object.entries(params).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  const query = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}

export function parseAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').filter((part) => part !== '');
  return { path: parts.map(decode), params: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
