// What needs attention first, one sentence each, with what to do; beside it how the webhooks and the service are, below it the last hour.
import { useIsOperator, useWho } from '../session-context.ts';
import { Attention, Summary } from './attention.tsx';
import { DemoNote } from './demo-note.tsx';
import { Healths } from './healths.tsx';
import { ServiceHour, ServiceNow } from './service-now.tsx';

export function OverviewPage() {
  const { isDemo } = useWho();
  const isOperator = useIsOperator();
  return (
    <>
      <h1>Overview</h1>
      <Summary isOperator={isOperator} />
      <div className="beside">
        <div className="stack">
          <Attention isOperator={isOperator} />
          {isDemo && <DemoNote />}
        </div>
        <div className="stack">
          <Healths />
          {isOperator && <ServiceNow />}
        </div>
      </div>
      {isOperator && <ServiceHour />}
    </>
  );
}
