// A delivery as a curl command: the same bytes to the same address, ready to be pasted into a shell. The body comes through a pipe, for one
// argument of a program may have 128 KiB; printf is the shell's own.

export function curlOf(url: string, body: string): string {
  return [
    `printf %s ${quoted(body)} |`,
    // Brackets in a URL mean themselves.
    'curl --globoff --request POST',
    `--header 'Content-Type: application/json'`,
    '--data-binary @-',
    quoted(asCalled(url)),
  ].join(' \\\n  ');
}

/** Escaped as the service escapes it. */
function asCalled(url: string): string {
  try {
    return new URL(url).href;
  } catch {
    return url;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
