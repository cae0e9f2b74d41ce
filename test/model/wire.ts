// Statements on their way to the database. The schedule says when each is done there, when its answer comes, and which connections break: then it
// is asked whether it was done, and else it is sent again, as src/database/session.ts does.

export interface Statement {
  /** Which process asks. */
  readonly from: object;
  readonly what: string;
  /** By a connection that broke: ask first, or send again. Only a look that nobody has to answer fails for that. */
  readonly isLook: boolean;
  run(isAgain: boolean): void;
  give(): void;
  fail(error: unknown): void;
  state: 'sent' | 'done' | 'again';
}

export class Wire {
  #statements: Statement[] = [];
  readonly #gone = new Set<object>();

  /** In the order in which they were sent. */
  get statements(): readonly Statement[] {
    return this.#statements;
  }

  ask<T>(from: object, what: string, run: (isAgain: boolean) => T, isLook = false): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#gone.has(from)) return;
      let outcome: { readonly value: T } | { readonly error: Error } | null = null;
      this.#statements.push({
        from,
        what,
        isLook,
        run: (isAgain) => {
          try {
            outcome = { value: run(isAgain) };
          } catch (error) {
            outcome = { error: error instanceof Error ? error : new Error(String(error)) };
          }
        },
        give: () => {
          if (outcome === null) return;
          if ('error' in outcome) reject(outcome.error);
          else resolve(outcome.value);
        },
        fail: reject,
        state: 'sent',
      });
    });
  }

  /** It happens in the database; nobody knows yet. */
  execute(statement: Statement): void {
    if (statement.state === 'done') return;
    statement.run(statement.state === 'again');
    statement.state = 'done';
  }

  answer(statement: Statement): void {
    this.execute(statement);
    this.#statements = this.#statements.filter((each) => each !== statement);
    statement.give();
  }

  /** The connection breaks, before or after it was done. */
  cut(statement: Statement): void {
    if (!statement.isLook) {
      statement.state = 'again';
      return;
    }
    this.#statements = this.#statements.filter((each) => each !== statement);
    statement.fail(new Error('the connection broke'));
  }

  /** A process is gone, and its connections with it. */
  forget(from: object): void {
    this.#gone.add(from);
    this.#statements = this.#statements.filter((each) => each.from !== from);
  }
}
