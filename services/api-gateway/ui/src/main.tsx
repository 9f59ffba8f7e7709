import './styles/index.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createAgenda } from './agenda.ts';
import { App } from './app.tsx';
import { ErrorBoundary } from './components/error-boundary.tsx';
import { AgendaContext } from './use-agenda.ts';

const agenda = createAgenda();
agenda.cluster.start();
void agenda.account.restore();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <ErrorBoundary>
      <AgendaContext value={agenda}>
        <App />
      </AgendaContext>
    </ErrorBoundary>
  </StrictMode>,
);
