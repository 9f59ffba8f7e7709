import { lazy, Suspense, useEffect } from 'react';
import { Splash } from './components/splash.tsx';
import { Toaster } from './components/toaster.tsx';
import { SignInPage } from './features/account/sign-in-page.tsx';
import { CLUSTER_HASH, useLocationHash } from './location-hash.ts';
import { useAgenda, useStore } from './use-agenda.ts';

/** The calendar is most of the code: the log-in page comes first, and loads it while somebody types. */
const loadAgendaPage = () => import('./features/calendar/agenda-page.tsx');
const AgendaPage = lazy(loadAgendaPage);
const ClusterPage = lazy(() => import('./features/cluster/cluster-page.tsx'));

export function App() {
  const { toasts } = useAgenda();
  useEffect(() => void loadAgendaPage(), []);
  return (
    <>
      <CurrentPage />
      <Toaster toasts={toasts} />
    </>
  );
}

function CurrentPage() {
  const { account } = useAgenda();
  const state = useStore(account.state);
  const hash = useLocationHash();
  if (hash === CLUSTER_HASH) {
    return (
      <Suspense fallback={<Splash problem={null} />}>
        <ClusterPage />
      </Suspense>
    );
  }
  if (state.phase === 'signed-out') return <SignInPage notice={state.notice} />;
  if (state.phase === 'restoring') {
    return <Splash problem={state.problem} onLogOut={() => void account.logout()} />;
  }
  return (
    <Suspense fallback={<Splash problem={null} />}>
      <AgendaPage key={state.user.id} user={state.user} />
    </Suspense>
  );
}
