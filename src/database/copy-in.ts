// One COPY … FROM STDIN for pg, all of whose data is there already: it goes to the socket as one message, without a copy of it. pg tells
// nobody of a COPY but what it was handed as a query: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
import type pg from 'pg';

const copyData = 0x64;
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

export class CopyIn implements pg.Submittable {
  readonly done: Promise<void>;
  /** pg puts its own around it, which ends the time that it gives the answer. */
  callback: (error: Error | null) => void;
  readonly #text: string;
  readonly #data: Buffer;

  constructor(text: string, data: Buffer) {
    this.#text = text;
    this.#data = data;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.done = promise;
    this.callback = (error) => {
      if (error === null) resolve(undefined);
      else reject(error);
    };
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse({ stream }: pg.Connection): void {
    const head = Buffer.allocUnsafe(5);
    head.writeUInt8(copyData);
    head.writeInt32BE(this.#data.length + 4, 1);
    stream.cork();
    stream.write(head);
    stream.write(this.#data);
    stream.write(copyDone);
    stream.uncork();
  }

  handleReadyForQuery(): void {
    this.callback(null);
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  // Nothing else is told of a COPY that this cares for.
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}
