import { Store } from './store.ts';

/** More than these push out the oldest. */
const SHOWN_MAX = 3;
const INFO_FOR_MS = 6_000;
/** Time to read, and to reach the button. */
const ACTION_FOR_MS = 12_000;

export interface Toast {
  readonly id: number;
  /** An error stays until it is dismissed, and is announced at once. */
  readonly tone: 'info' | 'error';
  readonly text: string;
  /** What may be done about it, by one press. */
  readonly action?: ToastAction;
}

export interface ToastAction {
  readonly label: string;
  readonly run: () => void;
}

/** Short messages that do not belong to a form. */
export class Toasts {
  readonly state = new Store<readonly Toast[]>([]);
  #lastId = 0;

  show(tone: Toast['tone'], text: string, action?: ToastAction): void {
    this.#lastId += 1;
    const toast = { id: this.#lastId, tone, text, ...(action ? { action } : {}) };
    const others = this.state.get().filter((other) => other.text !== text);
    this.state.set([...others, toast].slice(-SHOWN_MAX));
    if (tone === 'info') setTimeout(() => this.dismiss(toast.id), action ? ACTION_FOR_MS : INFO_FOR_MS);
  }

  readonly dismiss = (id: number): void => {
    this.state.set(this.state.get().filter((toast) => toast.id !== id));
  };
}
