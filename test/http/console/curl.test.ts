import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { curlOf } from '../../../src/http/console/words/curl.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';

let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
});
beforeEach(() => receiver.clear());
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
});

/** As one that is typed: through the shell's input, for as an argument it could not be as long as this. */
async function runInShell(command: string): Promise<void> {
  const running = promisify(execFile)('/bin/sh', ['-s']);
  running.child.stdin?.end(`${command}\n`);
  await running;
}

describe('a curl command, run by a shell, sends the very bytes of a delivery', () => {
  test.each([
    ['quotes', `{"a":"it's","b":"say \\"hi\\"","c":"''"}`],
    ['what a shell would expand', '{"a":"$HOME $(id) $0 `id` !! ~ * \\\\"}'],
    ['what printf would expand', '{"a":"100% %s %n \\n \\u0041 \\\\x41 \\c"}'],
    ['line breaks, one at the end, too', '{"a":\n\n  [1,\t2]}\n\n'],
    ['letters of the world', '{"a":"é 😀 ключ \u2028 \u202e"}'],
    ['what begins like an option', '-n'],
    ['what curl would read as a file', '@/etc/hostname'],
    ['more than one argument may have', JSON.stringify({ a: `'"$\u00e9`.repeat(40_000) })],
    ['as much as the log keeps', `{"a":"${'n'.repeat(1024 * 1024 - 8)}"}`],
  ])('with %s', async (_, body) => {
    await runInShell(curlOf(`${receiver.url}/hook`, body));
    const [request] = receiver.requests;
    expect(request?.bytes.equals(Buffer.from(body))).toBe(true);
    expect(request).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
  });
});

test.each(['/in[1]?a[]={b,c}', `/it's?a=$HOME&b=%5B`, '/ä ö?ü=é'])(
  'a curl command calls %s as a delivery does',
  async (path) => {
    const url = `${receiver.url}${path}`;
    await runInShell(curlOf(url, '{}'));
    const { pathname, search } = new URL(url);
    expect(receiver.requests.map((request) => request.path)).toEqual([pathname + search]);
  },
);
