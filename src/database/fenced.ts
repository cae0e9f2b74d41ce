// Thrown by every bookkeeping statement that finds a newer term: another process leads. Nothing was written.
export class FencedError extends Error {
  constructor(writer: 'claim' | 'spool' | 'fold') {
    super(`another process has taken over (${writer})`);
    this.name = 'FencedError';
  }
}
