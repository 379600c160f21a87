// Passwords and secrets, hashed with scrypt (RFC 7914). Off the event loop, and few at a time: hashing is made to be slow, and a storm of
// logins must leave processors to the API. The parameters stand in each hash, so they may change without losing a password.
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { busy } from './errors.ts';

/** scrypt's cost: N = 2^log2n, r blocks of 128 bytes, p times. Memory is 128 · N · r bytes. */
export interface ScryptCost {
  readonly log2n: number;
  readonly r: number;
  readonly p: number;
}

/** 16 MiB, a tenth of a second or two: one of the equal choices of OWASP's password storage sheet, the one with the least memory. */
export const standardCost: ScryptCost = { log2n: 14, r: 8, p: 5 };

/** Threads of the process for slow work; verifying tokens and looking up names needs one of them too. The default of libuv. */
const THREADS = 4;
/** How many may wait for each that is hashed: about a minute's work. Nobody waits longer, and a storm leaves no more behind. */
const WAITING = 300;

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Hashes and checks passwords; made once a process, so that its limit holds for all logins together. */
export interface Passwords {
  /** `scrypt$log2n$r$p$salt$hash`, salt and hash in base64url. */
  hash(password: string): Promise<string>;
  /** Whether `password` made `stored`. Without a stored hash it takes as long, and answers false. */
  verify(password: string, stored: string | null | undefined): Promise<boolean>;
}

/** How many to hash at the same time: one processor and one thread are left for everything else. */
export const parallelHashes = (processors: number): number => Math.max(1, Math.min(processors, THREADS) - 1);

/** `parallel` is how many are hashed at the same time. Beyond some hundred that wait for their turn, the next ones are refused with 503. */
export function scryptPasswords(cost: ScryptCost = standardCost, parallel = parallelHashes(availableParallelism())): Passwords {
  const turn = limiter(parallel);
  const derive = (password: string, salt: Buffer, { log2n, r, p }: ScryptCost, bytes: number) =>
    turn(() => scryptAsync(password, salt, bytes, { N: 2 ** log2n, r, p, maxmem: 2 * 128 * 2 ** log2n * r }));
  /** What an unknown user's password is compared with: the same work, never the same hash. */
  const nobody = format(cost, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      return format(cost, salt, await derive(password, salt, cost, HASH_BYTES));
    },
    async verify(password, stored) {
      const known = parse(stored ?? nobody);
      const hash = await derive(password, known.salt, known.cost, known.hash.length);
      return timingSafeEqual(hash, known.hash) && stored != null;
    },
  };
}

function format({ log2n, r, p }: ScryptCost, salt: Buffer, hash: Buffer): string {
  return ['scrypt', log2n, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

function parse(stored: string): { cost: ScryptCost; salt: Buffer; hash: Buffer } {
  const [scheme, log2n, r, p, salt, hash] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || hash === undefined) throw new Error('a stored password hash is not of a known form');
  return {
    cost: { log2n: Number(log2n), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  };
}

function scryptAsync(password: string, salt: Buffer, bytes: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, options, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

/** Runs at most `most` at a time; the others wait their turn in order. */
function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (waiting.length >= most * WAITING) throw busy();
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // The place passes on directly, so that nobody who comes now takes it first.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
