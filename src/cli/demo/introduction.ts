/** What is said once at the start of the demo: what goes on, and what can be tried beside it. */
import { styleText } from 'node:util';

export interface Introduction {
  readonly databaseUrl: string;
  readonly receiverUrl: string;
  readonly dataDir: string;
}

export function introduction({ databaseUrl, receiverUrl, dataDir }: Introduction): string {
  const bold = (text: string): string => styleText('bold', text);
  return `
${bold('rowhook demo')}

  A sample ERP is at work here: three companies write quotes, orders, jobs and invoices into a Postgres of
  their own (schema erp). rowhook reads that database's write-ahead log and POSTs each insert, update and
  delete to the webhooks of the company that the row belongs to. Companies A and B have webhooks; one more
  sees the users of all companies. They lead to a receiver in this process, ${receiverUrl}.

  Each line below is one POST: time, company, operation, table, record, webhook, answer.

  ${bold('To try beside it,')} in a second terminal in this folder:

    export DATABASE_URL=${databaseUrl}
    npm run rowhook -- status
    npm run rowhook -- webhook list
    psql $DATABASE_URL -c 'update erp.employee set "hourlyCost" = 50 where name = $$Buyer 3$$'
    ROWHOOK_ALLOW_TARGETS=127.0.0.1 npm run rowhook -- webhook create --company company-b --name "My first" \\
      --table item --on insert,update,delete --url ${receiverUrl}/my-first

  ${bold('Ctrl-C')} stops it. The data stays in ${dataDir} for the next start.
`;
}

/** Where the page is, which says what goes on and what to try there. */
export function consoleLine(url: string): string {
  return `  ${styleText('bold', 'The console:')} ${styleText(['bold', 'underline'], url)}   open it in a browser: what is sent, what fails, and why.\n`;
}
