// The heap of a process that was started with `--inspect`, as V8 counts it, asked through its inspector.

export interface HeapUse {
  readonly usedMb: number;
  /** Buffers, whose bytes lie beside the heap. */
  readonly buffersMb: number;
}

export class HeapWatch implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (use: HeapUse) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as {
        id: number;
        result: { usedSize: number; backingStorageSize?: number };
      };
      const mb = (bytes: number): number => bytes / 1_000_000;
      this.#waiting.get(id)?.({ usedMb: mb(result.usedSize), buffersMb: mb(result.backingStorageSize ?? 0) });
      this.#waiting.delete(id);
    });
  }

  /** `output`: what the process wrote, with the line that names the inspector's address. */
  static async open(output: string): Promise<HeapWatch> {
    const url = /^Debugger listening on (ws:\S+)$/m.exec(output)?.[1];
    if (url === undefined) throw new Error('the process does not say where its inspector listens');
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error(`no inspector at ${url}`)));
    });
    return new HeapWatch(socket);
  }

  async look(): Promise<HeapUse> {
    const id = ++this.#lastId;
    const answered = new Promise<HeapUse>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method: 'Runtime.getHeapUsage' }));
    return await answered;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
