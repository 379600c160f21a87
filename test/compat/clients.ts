// Foreign clients as their users have them: the `openstack` command and programs in Debian's Python, against a server that really listens. Used
// by every file of this tier. A client that the machine does not have skips its tests, and says so.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';

export const run = promisify(execFile);
export const python = '/usr/bin/python3';

/** Whether Debian's Python has a module. */
export const has = (module: string): boolean => spawnSync(python, ['-c', `import ${module}`]).status === 0;

/** For `beforeEach`: skips the tests of a module that Debian's Python does not have. */
export function needs(module: string, debianPackage: string): (context: TestContext) => void {
  const there = has(module);
  return (context) => context.skip(!there, `this machine has no ${module} (Debian's ${debianPackage})`);
}

export type Variables = Readonly<Record<string, string>>;

/** The OS_* variables of a user of the domain Default. */
export const variablesOf = (url: string, user: string, password: string, project: string): Variables => ({
  OS_AUTH_URL: `${url}/identity/v3`,
  OS_USERNAME: user,
  OS_PASSWORD: password,
  OS_PROJECT_NAME: project,
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_DOMAIN_NAME: 'Default',
  OS_IDENTITY_API_VERSION: '3',
});

/** What a client is started with: no variable of whoever runs the tests comes through. */
export const environment = (home: string, variables: Variables) => ({
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: home,
  LC_ALL: 'C.UTF-8',
  ...variables,
});

/** A row of a table, or an object shown: what the command prints with `-f json`. */
// biome-ignore lint/suspicious/noExplicitAny: a wrong guess at what is in it fails the test
export type Shown = Record<string, any>;

/** Clients of one user. */
export interface Clients {
  /** `openstack WORDS`: what it printed; throws when it fails. */
  openstack(...words: readonly string[]): Promise<string>;
  /** The same with `-f json`. */
  show(...words: readonly string[]): Promise<Shown>;
  list(...words: readonly string[]): Promise<Shown[]>;
  /** What a command that must fail said. */
  failure(...words: readonly string[]): Promise<string>;
  /** Runs a program in Python and answers the JSON of the last line it prints. */
  python(program: string): Promise<Shown>;
}

/** `prefix` is a program that runs the rest of its arguments: on a throw-away host. */
export function clientsOf(home: string, variables: Variables, prefix: readonly string[] = []): Clients {
  const env = environment(home, variables);
  const start = async (argv: readonly string[]) => {
    const [file = '', ...args] = [...prefix, ...argv];
    return (await run(file, args, { env, cwd: home, maxBuffer: 64 << 20 })).stdout;
  };
  const openstack = (...words: readonly string[]) => start(['openstack', ...words]);
  const json = async (words: readonly string[]) => JSON.parse(await openstack(...words, '-f', 'json')) as unknown;
  return {
    openstack,
    show: async (...words) => (await json(words)) as Shown,
    list: async (...words) => (await json(words)) as Shown[],
    failure: (...words) =>
      openstack(...words).then(
        (printed) => `it succeeded: ${printed}`,
        (error: { stderr: string }) => error.stderr,
      ),
    python: async (program) => JSON.parse((await start([python, '-W', 'ignore', '-c', program])).trim().split('\n').at(-1) ?? '') as Shown,
  };
}

/** One word per argument of a command line without quotes. */
export const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');
