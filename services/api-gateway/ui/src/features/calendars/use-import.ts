import { useState } from 'react';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import {
  componentsOf,
  FILE_BYTES_MAX,
  type FileComponent,
  type ReadableReport,
  readableReport,
} from './calendar-file.ts';

interface ChosenFile {
  readonly file: File;
  readonly components: readonly FileComponent[];
  readonly events: number;
}

/** The file that was chosen, and what became of it. */
export function useImport() {
  const { calendars, calendar } = useAgenda();
  const submit = useSubmit();
  const [chosen, setChosen] = useState<ChosenFile | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [report, setReport] = useState<ReadableReport | null>(null);

  const choose = async (file: File | undefined) => {
    if (file === undefined || submit.busy) return;
    submit.clear();
    setReport(null);
    setChosen(null);
    if (file.size > FILE_BYTES_MAX) {
      return setProblem(
        `“${file.name}” has ${mebibytes(file.size)}; 1 MiB is taken at once. Export less of that calendar into a file.`,
      );
    }
    setProblem(null);
    const components = componentsOf(await file.text());
    const events = components.filter(({ kind }) => kind === 'VEVENT').length;
    setChosen({ file, components, events });
  };

  const start = async () => {
    if (chosen === null) return;
    const { file, components } = chosen;
    const content = { import: file.name, bytes: file.size, modified: file.lastModified };
    await submit.run(content, async (key) => {
      setReport(readableReport(await calendars.importFile(file, key), components));
    });
    // Also after a failure: a part of a large file may have been taken.
    void calendar.reload();
  };

  return { chosen, problem, report, submit, choose, start };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
