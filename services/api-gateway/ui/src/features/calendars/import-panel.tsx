import { type DragEvent, useId, useState } from 'react';
import { explain, fieldMessage } from '../../api/problem.ts';
import { FormError } from '../../components/form-error.tsx';
import { Icon } from '../../components/icon.tsx';
import { ImportReportView } from './import-report.tsx';
import { useImport } from './use-import.ts';

/** Choose or drop a file, see what is in it, import it, read what became of each part. */
export function ImportPanel({ onClose }: { onClose: () => void }) {
  const { chosen, report, problem, submit, choose, start } = useImport();
  const [over, setOver] = useState(false);
  const inputId = useId();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void choose(event.dataTransfer.files[0]);
  };
  const failure = problem ?? (submit.failure === null ? null : importError(submit.failure));
  return (
    <>
      <div className="dialog-body">
        <label
          htmlFor={inputId}
          className={over ? 'drop drop-over' : 'drop'}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
          data-testid="import-drop"
        >
          <Icon name="upload" />
          <span>
            <strong>{chosen === null ? 'Choose a calendar file' : chosen.file.name}</strong>
            <span className="drop-note">
              {chosen === null ? 'or drop it here · .ics, up to 1 MiB' : whatIsIn(chosen.events)}
            </span>
          </span>
          <input
            id={inputId}
            type="file"
            accept=".ics,text/calendar"
            className="visually-hidden"
            onChange={(event) => {
              void choose(event.target.files?.[0]);
              event.target.value = '';
            }}
            data-testid="import-file"
          />
        </label>
        <FormError>{failure}</FormError>
        {report !== null && <ImportReportView report={report} />}
      </div>
      <footer className="dialog-foot">
        {report === null ? (
          <button
            type="button"
            className="button button-primary"
            disabled={chosen === null || submit.busy}
            onClick={() => void start()}
            data-testid="import-start"
          >
            {submit.busy ? 'Importing…' : 'Import'}
          </button>
        ) : (
          <button type="button" className="button button-primary" onClick={onClose}>
            Done
          </button>
        )}
      </footer>
    </>
  );
}

function whatIsIn(events: number): string {
  return events === 1 ? '1 event · choose another file' : `${events} events · choose another file`;
}

function importError(failure: unknown): string {
  const problem = fieldMessage(failure, 'ics');
  return problem === undefined ? explain(failure) : `The file ${problem}.`;
}
