import assert from 'node:assert/strict';
import fc from 'fast-check';
import { replayedBy, sampleLog } from './testing/carried-log.ts';
import { checkInvariants } from './testing/check-invariants.ts';
import { history, written } from './testing/histories.ts';
import { dump, dumpKept, TestLog } from './testing.ts';

describe('any history of commands', () => {
  for (const environment of [
    { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    { TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C', NODE_ICU_DATA: '' },
  ])
    it(`gives the same rows and digest on a machine in ${environment.TZ} that speaks ${environment.LANG}`, () => {
      const source = sampleLog(4, 12);
      assert.equal(replayedBy([process.execPath], environment, source.entries), dump(source.db));
    });

  it('gives the same rows, answers and digest however the log is cut into batches', () => {
    fc.assert(
      fc.property(history, fc.array(fc.integer({ min: 1, max: 7 })), (actions, cuts) => {
        const source = written(actions);
        const copy = new TestLog();
        let at = 0;
        for (const cut of [...cuts, source.entries.length]) {
          copy.machine.applyBatch(source.entries.slice(at, at + cut));
          at += cut;
        }
        assert.equal(dump(copy.db), dump(source.db));
        assert.deepEqual(copy.machine.lastApplied(), source.machine.lastApplied());
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same rows, answers and digest whenever replicas prune', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(6), { minLength: 1 }), (actions, limits) => {
        const source = written(actions);
        const pruned = new TestLog();
        for (const [at, entry] of source.entries.entries()) {
          pruned.machine.applyBatch([entry]);
          pruned.machine.prune(at, limits[at % limits.length] as number);
        }
        assert.equal(dumpKept(pruned.db), dumpKept(source.db));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps agendas, answers, statuses, groups and the trash in step with one another', () => {
    fc.assert(
      fc.property(history, (actions) => checkInvariants(written(actions).db)),
      { numRuns: 60 },
    );
  });

  it('moves the version of what people change by one, and of nothing else', () => {
    fc.assert(
      fc.property(history, (actions) => {
        let before = new Map<string, Versioned>();
        written(actions, ({ db }, applied) => {
          const after = versionsOf(db);
          // A series that goes on is the same series.
          const extension = applied.audit[0]?.action === 'series.extended';
          for (const [id, was] of before) {
            const is = after.get(id);
            if (!is) continue;
            const changed = is.content !== was.content && !extension;
            if (is.version !== was.version + (changed ? 1 : 0) && is.version !== was.version + 1)
              assert.fail(`entry ${applied.index} takes ${id} from version ${was.version} to ${is.version}`);
            const refused = applied.result?.outcome?.$case === 'refusal';
            assert.ok(
              !refused || is.version === was.version,
              `entry ${applied.index} refuses and changes ${id}`,
            );
          }
          before = after;
        });
      }),
      { numRuns: 30 },
    );
  });

  it('changes nothing at all with a command that is refused, but for the end of a session that was stolen', () => {
    fc.assert(
      fc.property(history, (actions) => {
        let before = '';
        written(actions, ({ db }, applied) => {
          const after = contentOf(db);
          const refused = applied.result?.outcome?.$case === 'refusal';
          const stolen = applied.audit[0]?.action === 'session.token_reused';
          if (before !== '' && refused && !stolen) assert.equal(after, before);
          before = after;
        });
      }),
      { numRuns: 20 },
    );
  });
});

interface Versioned {
  readonly version: number;
  readonly content: string;
}

/** Appointments with their people, and groups. */
function versionsOf(db: TestLog['db']): Map<string, Versioned> {
  const people = db.prepare<[string]>(
    `SELECT user_id, status, optional, through_group, conflict, gone FROM participants WHERE appointment_id = ?`,
  );
  const rows = [
    ...db.prepare<[], { id: string; version: number }>('SELECT * FROM appointments').all(),
    ...db.prepare<[], { id: string; version: number }>('SELECT * FROM groups').all(),
  ];
  return new Map(
    rows.map((row) => {
      const stable = { ...row, version: 0, updated_at_ms: 0, changed_index: 0 };
      return [row.id, { version: row.version, content: JSON.stringify([stable, people.all(row.id)]) }];
    }),
  );
}

/** All that a command can change, besides that it was applied. */
function contentOf(db: TestLog['db']): string {
  return dumpKept(db)
    .split('\n')
    .filter((line) => !line.startsWith('machine_state'))
    .join('\n');
}
