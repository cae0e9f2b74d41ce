// Where the page begins: a token is taken out of the address before anything else, then the application is shown.
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.ts';
import { App } from './app.tsx';
import { FailureBoundary } from './parts/failure-boundary.tsx';
import { beginSession } from './session.ts';
import { beginSteps } from './steps.ts';
import './styles/theme.css';
import './styles/elements.css';
import './styles/layout.css';
import './styles/parts.css';

beginSession();
beginSteps();

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <FailureBoundary>
        <App />
      </FailureBoundary>
    </QueryClientProvider>
  </StrictMode>,
);
