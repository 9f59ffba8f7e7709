import { explain } from '../../api/problem.ts';
import { newId } from '../../ids.ts';
import { useAgenda } from '../../use-agenda.ts';

/** Says that it was deleted, and offers to have it back at once: into its place, whatever else stands there by now. */
export function useUndoDelete() {
  const { trash, toasts } = useAgenda();
  return ({ id, title }: { readonly id: string; readonly title: string }) => {
    const key = newId();
    const undo = async () => {
      try {
        await trash.restore(id, true, key);
      } catch (error) {
        toasts.show('error', `“${title}” is still in the trash. ${explain(error)}`);
      }
    };
    toasts.show('info', `“${title}” was deleted.`, { label: 'Undo', run: () => void undo() });
  };
}
