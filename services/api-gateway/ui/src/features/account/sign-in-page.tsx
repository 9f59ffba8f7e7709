import { useState } from 'react';
import { Logo } from '../../components/logo.tsx';
import { ConnectionFooter } from '../cluster/connection-footer.tsx';
import { LoginForm } from './login-form.tsx';
import { RegisterForm } from './register-form.tsx';

type Mode = 'login' | 'register';

export function SignInPage({ notice }: { notice: string | null }) {
  const [mode, setMode] = useState<Mode>('login');
  return (
    <div className="sign-in">
      <main className="sign-in-card">
        <div className="sign-in-brand">
          <Logo />
          <h1>Agenda</h1>
        </div>
        <p className="sign-in-claim">One agenda on several servers. It stays up when some of them do not.</p>
        <fieldset className="segmented plain sign-in-modes" aria-label="Log in or create an account">
          <button type="button" aria-pressed={mode === 'login'} onClick={() => setMode('login')}>
            Log in
          </button>
          <button
            type="button"
            aria-pressed={mode === 'register'}
            onClick={() => setMode('register')}
            data-testid="show-register"
          >
            Create account
          </button>
        </fieldset>
        {mode === 'login' ? <LoginForm notice={notice} /> : <RegisterForm onLogIn={() => setMode('login')} />}
      </main>
      <ConnectionFooter />
    </div>
  );
}
