// What became of a statement that PostgreSQL, or the way to it, refused: used by postgres.ts, and by the bus, which shares the server.
import { ConstraintViolation, StoreUnavailable } from './store.ts';

/** `conflict`: undone, try again. `lost`: the connection broke; the server may not have seen it. `final`: another try would end alike. */
export type Fate = 'conflict' | 'lost' | 'final';

/** SQLSTATE classes and codes that say the server cannot work now, and what to tell about them. Appendix A of PostgreSQL's manual. */
const unavailable: readonly (readonly [prefix: string, message: string])[] = [
  ['08', 'the database cannot be reached'],
  ['25006', 'the database takes no writes: it is a standby or read-only'],
  ['28', 'the database refuses the configured user or password'],
  ['3D', 'the configured database does not exist'],
  ['40', 'the database is busy with conflicting changes'],
  ['53100', 'the disk that holds the database is full'],
  ['53', 'the database server is out of resources'],
  ['55P03', 'the database is busy with conflicting changes'],
  ['57014', 'the database took too long to answer'],
  ['57P', 'the database server is stopping or starting'],
  ['58', 'the disk that holds the database fails'],
  ['XX', 'the database is damaged; look at the log of its server'],
];

/** The SQLSTATE, or the system's error code (`ECONNREFUSED`), or ''. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

const isState = (code: string) => /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]/.test(code);

export function fateOf(error: unknown): Fate {
  const code = codeOf(error);
  if (code === '40001' || code === '40P01') return 'conflict';
  if (isState(code)) return /^(08|57P0[123]|25P03)/.test(code) ? 'lost' : 'final';
  return isConnectionTrouble(error, code) ? 'lost' : 'final';
}

/** pg gives no codes to its own errors about the connection: their texts are all there is. */
function isConnectionTrouble(error: unknown, code: string): boolean {
  if (/^(ECONN|EPIPE|ENOENT|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|EACCES)/.test(code)) return true;
  return error instanceof Error && /connection|not queryable|Client was closed|read timeout|timeout exceeded/i.test(error.message);
}

/** The error to pass on for one that came from pg: ConstraintViolation, StoreUnavailable, or the same. */
export function postgresError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const code = codeOf(error);
  const constraint = 'constraint' in error ? String(error.constraint) : '';
  if (code === '23505') return new ConstraintViolation('unique', constraint, error);
  if (code === '23503') return new ConstraintViolation('reference', constraint, error);
  const known = isState(code) ? unavailable.find(([prefix]) => code.startsWith(prefix))?.[1] : undefined;
  if (known !== undefined) return new StoreUnavailable(known, { cause: error });
  return fateOf(error) === 'lost' ? new StoreUnavailable('the database cannot be reached', { cause: error }) : error;
}
