/**
 * Webhooks that are paused, activated and created again all the while. Which changes they get depends on when: only what must hold
 * whatever the moment is asked of them, so each incarnation has a path of its own.
 */
import type { InstalledDatabase } from '../../support/installed-database.ts';
import { waitUntil } from '../../support/wait.ts';
import type { Dice } from './dice.ts';
import type { Company } from './orders-model.ts';

export interface Incarnation {
  readonly uid: string;
  readonly path: string;
  readonly company: Company;
}

export class RestlessWebhook {
  readonly incarnations: Incarnation[] = [];
  readonly #database: InstalledDatabase;
  readonly #dice: Dice;
  readonly #company: Company;
  readonly #endpointUrl: string;
  #attempts = 0;

  constructor(database: InstalledDatabase, dice: Dice, company: Company, endpointUrl: string) {
    this.#database = database;
    this.#dice = dice;
    this.#company = company;
    this.#endpointUrl = endpointUrl;
  }

  get #id(): string {
    return `${this.#company}-restless`;
  }

  async create(): Promise<void> {
    this.#attempts += 1;
    const path = `${this.#id}-${this.#attempts}`;
    const [row] = await this.#database.admin.query(
      `insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert, on_update, on_delete)
       values ($1, $2, $1, 'sales_order', $3, true, true, true) returning uid`,
      [this.#id, this.#company, `${this.#endpointUrl}/${path}`],
    );
    this.incarnations.push({ uid: row?.['uid'] ?? '', path, company: this.#company });
  }

  /** For the end: one that is paused keeps what waits for it. */
  async activate(): Promise<void> {
    const activated = async (): Promise<boolean> => {
      const rows = await this.#database.admin.query(
        'update rowhook.webhook set active = true where id = $1 returning 1',
        [this.#id],
      );
      if (rows.length === 0) await this.create();
      return true;
    };
    await waitUntil(() => activated().catch(() => false), { describe: `${this.#id} to be active` });
  }

  /** One step; what Postgres' absence prevents is left out. */
  async step(): Promise<void> {
    const next = this.#dice.weighted({ pause: 3, activate: 5, again: 1 });
    const { admin } = this.#database;
    try {
      if (next === 'again') {
        await admin.query('delete from rowhook.webhook where id = $1', [this.#id]);
        await this.create();
      } else {
        await admin.query('update rowhook.webhook set active = $2 where id = $1', [
          this.#id,
          next === 'activate',
        ]);
      }
    } catch {
      // It is gone and was not created, or nobody knows: the next incarnation will tell.
      await this.create().catch(() => undefined);
    }
  }
}
