// What can be told of a token without asking: whether it can be one at all, and whose it says that it is.

/** One that was copied with a quote or a line break cannot even be sent. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

interface Scope {
  readonly kind: string;
  readonly companyId: string | null;
}

/** What a token sees: `operator`, or the company. */
export function scopeOf({ kind, companyId }: Scope): string {
  return kind === 'company' ? `company ${companyId ?? ''}` : kind;
}

/** What it says of itself, which only the service can judge. The operator's is no JWT. */
export function claimedScope(token: string | null): string {
  const companyId = token === null ? null : companyOf(token);
  return scopeOf({ kind: companyId === null ? 'operator' : 'company', companyId });
}

function companyOf(token: string): string | null {
  const [, payload = ''] = token.split('.');
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as { readonly companyId?: unknown } | null;
    return typeof claims?.companyId === 'string' ? claims.companyId : null;
  } catch {
    return null;
  }
}
