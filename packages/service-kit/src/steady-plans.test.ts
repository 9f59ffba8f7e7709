import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { steadyPlan, withSteadyPlans } from './steady-plans.ts';

describe('a statement with a steady plan', () => {
  it('hides every kind of parameter from the planner', () => {
    assert.equal(
      steadyPlan('SELECT * FROM t WHERE a = ? AND b = ?2 AND c IN (@c, :d) LIMIT $e'),
      'SELECT * FROM t WHERE a = +? AND b = +?2 AND c IN (+@c, +:d) LIMIT +$e',
    );
  });

  it('leaves strings, quoted names and comments alone', () => {
    const sql = `SELECT 'a ? ''@b''', "c:d" -- $e ?\n/* ? */ FROM t`;
    assert.equal(steadyPlan(sql), sql);
  });

  it('means the same, whatever the type of a value', () => {
    const db = new Database(':memory:');
    db.exec('CREATE TABLE t (k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID');
    withSteadyPlans(db);
    const values = ['7', 7, 7.5, null, Buffer.from('7')];
    const insert = db.prepare('INSERT INTO t VALUES (@k, @v)');
    for (const [at, v] of values.entries()) insert.run({ k: String(at), v });
    const byValue = db.prepare<[unknown], string>('SELECT k FROM t WHERE v IS ? ORDER BY k').pluck();
    assert.deepEqual(
      values.map((value) => byValue.all(value)),
      [['0'], ['1'], ['2'], ['3'], ['4']],
    );
  });

  it('still finds its rows by an index', () => {
    const db = withSteadyPlans(new Database(':memory:'));
    db.exec('CREATE TABLE t (a TEXT, b INTEGER); CREATE INDEX t_of_a ON t (a, b)');
    const [step] = db
      .prepare<[string, number], { detail: string }>(
        'EXPLAIN QUERY PLAN SELECT * FROM t WHERE a = ? AND b > ? ORDER BY b',
      )
      .all('a', 1);
    assert.equal(step?.detail, 'SEARCH t USING COVERING INDEX t_of_a (a=? AND b>?)');
  });
});
