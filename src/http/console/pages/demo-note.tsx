// For whoever tries rowhook: what goes on here, for whom, and what to try next.
import { useWho } from '../session-context.ts';

export function DemoNote() {
  const { companyId } = useWho();
  return (
    <section className="demo" aria-labelledby="demo">
      <h2 id="demo">What goes on here</h2>
      <p>
        A sample ERP is at work: three companies write quotes, orders, jobs and invoices into a Postgres of
        their own. rowhook reads that database’s write-ahead log and POSTs each insert, update and delete to
        the webhooks of the company that the row belongs to, at most once.{' '}
        {companyId === null
          ? 'You see it as its operator does, with all companies.'
          : `You see it as the people of ${companyId} do: their own webhooks, and nobody else’s.`}
      </p>
      <p>Try next:</p>
      <ol>
        <li>
          <a href="#/webhooks">Create a webhook</a> for a table, and send a test before you save it.
        </li>
        <li>
          Open one of the list, then one of its deliveries: what was sent, what was answered, and how long
          each phase took.
        </li>
        <li>
          Give one a URL that nothing listens at, <code>http://127.0.0.1:9/</code>, and see it come up here
          with a sentence.
        </li>
        <li>
          Ask <a href="#/why">why</a> a record’s change was sent, or was not.
        </li>
      </ol>
    </section>
  );
}
