// Where a part of the page fails while it is shown, words stand in its place, and a way to go on.
import { Component, type ReactNode } from 'react';

export interface FailureBoundaryProps {
  readonly children: ReactNode;
}

interface State {
  /** In its own words; null: nothing failed. */
  readonly failure: string | null;
}

export class FailureBoundary extends Component<FailureBoundaryProps, State> {
  override state: State = { failure: null };

  static getDerivedStateFromError(failure: unknown): State {
    return { failure: failure instanceof Error ? failure.message : 'It did not say why.' };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (failure === null) return this.props.children;
    return (
      <div className="note bad" role="alert">
        <p>
          The console failed while it showed this page. Nothing that is sent depends on it: webhooks go on as
          they are.
        </p>
        <p className="quiet">{failure}</p>
        <p className="actions">
          <button type="button" onClick={() => location.reload()}>
            Load it again
          </button>
          <a href="#/">Overview</a>
        </p>
      </div>
    );
  }
}
