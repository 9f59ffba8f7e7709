import { Logo } from './logo.tsx';

/** While a stored session is taken up. */
export function Splash({ problem, onLogOut }: { problem: string | null; onLogOut?: () => void }) {
  return (
    <main className="splash" aria-busy={problem === null}>
      <Logo />
      <p role="status">{problem === null ? 'Opening your agenda…' : `${problem} Trying again…`}</p>
      {problem !== null && onLogOut && (
        <button type="button" className="button button-quiet" onClick={onLogOut}>
          Log out
        </button>
      )}
    </main>
  );
}
