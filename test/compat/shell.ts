// The `openstack` command as one process that runs many command lines by the command's own entry point: starting it takes longer than most of what it
// does. For tests of many commands; clients.ts starts the command itself.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { environment, python, type Shown, type Variables, words } from './clients.ts';

const PROGRAM = `
import contextlib, io, json, logging, sys
from openstackclient.shell import OpenStackShell
answers = sys.stdout
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = OpenStackShell().run(json.loads(line))
        except SystemExit as end:
            code = end.code
    # Each run adds handlers of its own.
    logging.getLogger('').handlers.clear()
    print(json.dumps({'code': code, 'out': out.getvalue(), 'err': err.getvalue()}), file=answers, flush=True)
`;

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command of one user. Lines are words with spaces between; a word with spaces in it is given as further arguments. */
export interface Shell {
  /** What a command printed; throws when it fails. */
  run(line: string, ...more: readonly string[]): Promise<string>;
  /** The same with `-f json`. */
  show(line: string, ...more: readonly string[]): Promise<Shown>;
  list(line: string, ...more: readonly string[]): Promise<Shown[]>;
  /** What a command that must fail said. */
  fails(line: string, ...more: readonly string[]): Promise<string>;
  end(): Promise<void>;
}

/** `prefix` is a program that runs the rest of its arguments: on a throw-away host. */
export function openShell(home: string, variables: Variables, prefix: readonly string[] = []): Shell {
  const env = environment(home, variables);
  const [file = '', ...args] = [...prefix, python, '-W', 'ignore', '-c', PROGRAM];
  const child = spawn(file, args, { env, cwd: home, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const ask = (argv: readonly string[]): Promise<Answer> => {
    const answer = last.then(async () => {
      child.stdin.write(`${JSON.stringify(argv)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`openstack ${argv.join(' ')}: the process ended`);
      return JSON.parse(value as string) as Answer;
    });
    last = answer.catch(() => {});
    return answer;
  };
  const run = async (argv: readonly string[]): Promise<string> => {
    const { code, out, err } = await ask(argv);
    if (code !== 0) throw new Error(`openstack ${argv.join(' ')}: ${code} ${err}`);
    return out;
  };
  const json = async (line: string, more: readonly string[]): Promise<unknown> =>
    JSON.parse(await run([...words(line), ...more, '-f', 'json']));
  return {
    run: (line, ...more) => run([...words(line), ...more]),
    show: async (line, ...more) => (await json(line, more)) as Shown,
    list: async (line, ...more) => (await json(line, more)) as Shown[],
    async fails(line, ...more) {
      const { code, out, err } = await ask([...words(line), ...more]);
      return code === 0 ? `it succeeded: ${out}` : err;
    },
    async end() {
      await last;
      child.stdin.end();
      await ended;
    },
  };
}
