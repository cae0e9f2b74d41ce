/**
 * Writes orders in transactions of many shapes, faster than it is asked to only after a time in which it could not, and tells the model
 * what was committed. A COMMIT whose answer was lost is looked for: each transaction leaves a row of its own.
 */
import { connect, type Session } from '../../support/queryable.ts';
import { waitUntil } from '../../support/wait.ts';
import { Dice } from './dice.ts';
import { companies, type Change, type Company, type OrdersModel } from './orders-model.ts';

export const ordersSchema = `
  create table sales_order (id bigint primary key, "companyId" text not null, version bigint not null, note text);
  alter table sales_order replica identity full;
  create table written (id bigint primary key);
  select rowhook.enable_table('sales_order')`;

/** What all writers share: versions and the pace. */
export class Pace {
  version = 0;
  /** Committed, without those rolled back. */
  written = 0;
  #transaction = 0;
  readonly #perSecond: number;
  readonly #startedAt = performance.now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  get isAhead(): boolean {
    return this.written >= ((performance.now() - this.#startedAt) / 1000) * this.#perSecond;
  }

  nextTransaction(): number {
    return (this.#transaction += 1);
  }
}

interface Order {
  readonly company: Company;
  readonly version: number;
}

export interface WriterOptions {
  readonly url: string;
  readonly seed: number;
  /** Its records' ids are those with this remainder. */
  readonly no: number;
  readonly of: number;
  readonly pace: Pace;
  readonly model: OrdersModel;
}

const livingRecords = 150;

export class OrdersWriter {
  readonly #options: WriterOptions;
  readonly #dice: Dice;
  #orders = new Map<number, Order>();
  #lastId = 0;
  #session: Session | null = null;
  #isStopped = false;
  readonly #ended: Promise<void>;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed, `writer ${options.no}`);
    this.#ended = this.#run();
    this.#ended.catch(() => undefined);
  }

  /** Until the last transaction's outcome is known. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { pace } = this.#options;
    for (;;) {
      await waitUntil(() => this.#isStopped || !pace.isAhead, { intervalMs: 3, describe: 'its turn' });
      if (this.#isStopped) break;
      await this.#transaction();
    }
    await this.#session?.[Symbol.asyncDispose]();
  }

  async #transaction(): Promise<void> {
    const { pace, model } = this.#options;
    const no = pace.nextTransaction();
    const after = new Map(this.#orders);
    const [changes, statements] = this.#draw(after);
    const isRolledBack = this.#dice.chance(0.05);
    const end = isRolledBack ? 'rollback' : 'commit';
    const isCommitted = await this.#execute(
      no,
      `begin; insert into written values (${no}); ${statements}; ${end}`,
    );
    if (isRolledBack || !isCommitted) return;
    this.#orders = after;
    pace.written += changes.length;
    model.committed(changes);
  }

  /** Whether it was committed; true for what was rolled back. */
  async #execute(no: number, sql: string): Promise<boolean> {
    try {
      this.#session ??= await connect(this.#options.url);
      await this.#session.query(sql);
      return true;
    } catch (error) {
      // Only a broken connection leaves it open.
      if (error instanceof Error && 'severity' in error && error.severity === 'ERROR') throw error;
      return await waitUntil(async () => ({ found: await this.#find(no) }).found, {
        timeoutMs: 120_000,
        describe: `Postgres, to find out about transaction ${no}`,
      }).then((found) => found === 'committed');
    }
  }

  async #find(no: number): Promise<'committed' | 'vanished' | null> {
    const broken = this.#session;
    this.#session = null;
    try {
      await broken?.[Symbol.asyncDispose]();
      this.#session = await connect(this.#options.url);
      const rows = await this.#session.query('select 1 from written where id = $1', [no]);
      return rows.length > 0 ? 'committed' : 'vanished';
    } catch {
      return null;
    }
  }

  #draw(orders: Map<number, Order>): [Change[], string] {
    const changes: Change[] = [];
    const statements: string[] = [];
    const rows = this.#dice.chance(0.05) ? this.#dice.between(30, 80) : this.#dice.between(1, 14);
    for (let row = 0; row < rows; row++) {
      const [change, statement] = this.#drawOne(orders);
      changes.push(change);
      statements.push(statement);
    }
    return [changes, statements.join('; ')];
  }

  #drawOne(orders: Map<number, Order>): [Change, string] {
    const dice = this.#dice;
    const isFull = orders.size >= livingRecords;
    const operation =
      orders.size === 0
        ? 'insert'
        : dice.weighted({ insert: isFull ? 1 : 5, update: 5, move: 1, delete: isFull ? 5 : 2 });
    if (operation === 'insert') return this.#insert(orders);
    const [id, before] = [...orders][dice.between(0, orders.size - 1)] ?? [];
    if (id === undefined || before === undefined) return this.#insert(orders);
    if (operation === 'delete') {
      orders.delete(id);
      return [{ operation: 'DELETE', id, ...before }, `delete from sales_order where id = ${id}`];
    }
    const company = operation === 'move' ? dice.pick(companies) : before.company;
    const order = { company, version: this.#nextVersion() };
    orders.set(id, order);
    return [
      { operation: 'UPDATE', id, ...order, before },
      `update sales_order set "companyId" = '${company}', version = ${order.version} where id = ${id}`,
    ];
  }

  #insert(orders: Map<number, Order>): [Change, string] {
    const { no, of } = this.#options;
    this.#lastId += 1;
    const id = this.#lastId * of + no;
    const order = { company: this.#dice.pick(companies), version: this.#nextVersion() };
    orders.set(id, order);
    const note = 'x'.repeat(this.#dice.between(0, 40));
    const values = `${id}, '${order.company}', ${order.version}, '${note}'`;
    return [{ operation: 'INSERT', id, ...order }, `insert into sales_order values (${values})`];
  }

  #nextVersion(): number {
    return (this.#options.pace.version += 1);
  }
}
