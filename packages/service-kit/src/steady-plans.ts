/** One plan for each prepared statement, made once (docs/adr/0020). */
import type { Database } from 'better-sqlite3';

/** What is left as it is (strings, quoted names, comments), or a parameter. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|(?<parameter>[?@:$]\w*)/g;

/**
 * SQLite built with STAT4, as better-sqlite3 builds it, lets the planner look at the values of parameters, and so plans a
 * statement again whenever other ones are bound: for most that have a join or an order, at every call. A unary plus keeps
 * a value from the planner and changes nothing else (sqlite.org/lang_expr.html: it is a no-op for every type).
 */
export function steadyPlan(sql: string): string {
  return sql.replace(TOKENS, (token, parameter: string | undefined) => (parameter ? `+${parameter}` : token));
}

/** Everything that this connection prepares from now on. @returns the same connection. */
export function withSteadyPlans(db: Database): Database {
  const prepare = db.prepare.bind(db);
  db.prepare = ((sql: string) => prepare(steadyPlan(sql))) as Database['prepare'];
  return db;
}
