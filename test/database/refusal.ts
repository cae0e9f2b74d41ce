/** What Postgres said when it refused a statement; fails the test when it did not. */
import pg from 'pg';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
  readonly constraint: string;
  /** The C function that refused: what no server translates. */
  readonly routine: string;
}

export async function refusal(statement: Promise<unknown>): Promise<Refusal> {
  try {
    await statement;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const { code = '', message, detail = '', hint = '', constraint = '', routine = '' } = error;
    return { code, message, detail, hint, constraint, routine };
  }
  throw new Error('the statement was not refused');
}
