/** A client of server-sent events, as slow as a test wants it. */
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { waitUntil, within } from './wait.ts';

export interface SentEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

export interface Listener extends Disposable {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** All that came, as it came. */
  readonly text: string;
  readonly events: readonly SentEvent[];
  /** The first that is wanted, until it comes. */
  waitFor(name: string, wanted?: (data: SentEvent['data']) => boolean): Promise<SentEvent>;
  /** Until the server has closed it. */
  ended(): Promise<void>;
  /** Reads nothing from here on; what is sent stays in the socket. */
  pause(): void;
  resume(): void;
}

export async function listen(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Listener> {
  const asked = request(url, { headers, agent: false }).end();
  const [answer] = (await within(once(asked, 'response'), { describe: `an answer of ${url}` })) as [
    IncomingMessage,
  ];
  let text = '';
  let rest = '';
  const events: SentEvent[] = [];
  let hasEnded = false;
  answer.setEncoding('utf8');
  answer.on('data', (chunk: string) => {
    text += chunk;
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    events.push(...blocks.flatMap(readEvent));
  });
  answer.on('error', () => undefined);
  answer.on('close', () => (hasEnded = true));
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    get text() {
      return text;
    },
    events,
    waitFor: (name, wanted = () => true) =>
      waitUntil(() => events.find((event) => event.name === name && wanted(event.data)), {
        describe: () => `the event ${name}; there came ${text.slice(-2_000)}`,
      }),
    ended: async () => {
      await waitUntil(() => hasEnded, {
        describe: () => `the end of the stream; there came ${text.slice(-2_000)}`,
      });
    },
    pause: () => answer.pause(),
    resume: () => answer.resume(),
    [Symbol.dispose]: () => {
      asked.destroy();
    },
  };
}

function readEvent(block: string): SentEvent[] {
  const fields = new Map(
    block
      .split('\n')
      .filter((line) => !line.startsWith(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const [name, data] = [fields.get('event'), fields.get('data')];
  if (name === undefined || data === undefined) return [];
  return [{ name, id: fields.get('id'), data: JSON.parse(data) as SentEvent['data'] }];
}
