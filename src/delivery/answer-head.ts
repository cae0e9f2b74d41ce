/**
 * Reads the head of an HTTP/1.x answer. Strict: a head that two readers could understand differently (two lengths, a
 * length beside chunks, a folded line, a space before a colon, a bare line feed) is no head at all (RFC 9112).
 */
export interface AnswerHead {
  readonly status: number;
  /** How the body ends: after so many bytes, after its last chunk, or with the connection. */
  readonly body: number | 'chunked' | 'until closed';
  readonly isReusable: boolean;
  /** What the receiver's Keep-Alive header offers. */
  readonly keepAliveMs: number | null;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\0\r\n]*)?$/;
const fieldLines = /^(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\0\r\n]*)*$/;

// A receiver gives the same head again and again, but for a date that changes once a second.
let last: { readonly text: string; readonly head: AnswerHead | null } = { text: '', head: null };

/** The head without its last, empty line; null when it is not proper. */
export function readAnswerHead(text: string): AnswerHead | null {
  if (text !== last.text) last = { text, head: parse(text) };
  return last.head;
}

function parse(text: string): AnswerHead | null {
  const firstEnd = text.indexOf('\r\n');
  const lineEnd = firstEnd === -1 ? text.length : firstEnd;
  const line = statusLine.exec(text.slice(0, lineEnd));
  if (line === null || !fieldLines.test(text.slice(lineEnd))) return null;
  const status = Number(line[2]);
  const fields = readFields(text, lineEnd);
  const body = fields === null ? null : bodyOf(status, fields);
  if (fields === null || body === null) return null;
  const isOld = line[1] === '0';
  const isKept = isOld ? isAskedFor(fields) : !hasToken(fields.connection, 'close');
  const isReusable = isKept && body !== 'until closed' && !(body === 0 && announcesBody(fields));
  const offer = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i.exec(fields.keepAlive);
  return { status, body, isReusable, keepAliveMs: offer === null ? null : Number(offer[1]) * 1_000 };
}

interface Fields {
  contentLength: string | null;
  transferEncoding: string | null;
  connection: string;
  keepAlive: string;
}

// Called with lines that have a colon each. Names of other lengths are of no interest.
function readFields(text: string, lineEnd: number): Fields | null {
  const fields: Fields = { contentLength: null, transferEncoding: null, connection: '', keepAlive: '' };
  for (let at = lineEnd + 2; at < text.length;) {
    const next = text.indexOf('\r\n', at);
    const end = next === -1 ? text.length : next;
    const colon = text.indexOf(':', at);
    const length = colon - at;
    if (length === 10 || length === 14 || length === 17) {
      const name = text.slice(at, colon).toLowerCase();
      const value = text.slice(colon + 1, end).trim();
      if (name === 'content-length') {
        if (fields.contentLength !== null) return null;
        fields.contentLength = value;
      } else if (name === 'transfer-encoding') {
        fields.transferEncoding =
          fields.transferEncoding === null ? value : `${fields.transferEncoding}, ${value}`;
      } else if (name === 'connection') fields.connection += `,${value}`;
      else if (name === 'keep-alive') fields.keepAlive += `,${value}`;
    }
    at = end + 2;
  }
  return fields;
}

function bodyOf(status: number, { contentLength, transferEncoding }: Fields): AnswerHead['body'] | null {
  if (contentLength !== null && (transferEncoding !== null || !/^\d{1,15}$/.test(contentLength))) return null;
  if (status < 200 || status === 204 || status === 304) return 0;
  if (transferEncoding !== null) {
    return /(?:^|,)\s*chunked$/i.test(transferEncoding) ? 'chunked' : 'until closed';
  }
  return contentLength === null ? 'until closed' : Number(contentLength);
}

// Where there is none (204, 304) a receiver that speaks of one may send it all the same, after the next request.
function announcesBody({ contentLength, transferEncoding }: Fields): boolean {
  return transferEncoding !== null || Number(contentLength ?? 0) > 0;
}

// HTTP/1.0 knows no chunks: what says both may be two things to two readers (RFC 9112 6.1).
function isAskedFor({ connection, transferEncoding }: Fields): boolean {
  return transferEncoding === null && hasToken(connection, 'keep-alive') && !hasToken(connection, 'close');
}

function hasToken(list: string, token: string): boolean {
  if (list === '') return false;
  return list
    .toLowerCase()
    .split(',')
    .some((part) => part.trim() === token);
}
