// What can be a token at all: one that was copied with a quote or a line break cannot even be sent.

export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
