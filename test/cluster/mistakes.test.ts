// Mistakes of operators: each is one clear line on standard error and an exit status that is not 0, and nothing on the disk has changed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isospin, type Surroundings, scratch } from './program.ts';
import { certify } from './world.ts';

const place = scratch();
beforeAll(() => {
  chmodSync(place.path, 0o755);
  certify(place, 'one');
  certify(place, 'two'); // writes server.pem and server.key anew
  mkdirSync(place.file('directory'));
  for (const [name, text] of Object.entries(files)) writeFileSync(place.file(name), text);
  chmodSync(place.file('closed.yaml'), 0o600);
});
afterAll(() => place.remove());

const files = {
  'broken.yaml': 'quota: [1, 2\nlisten: }\n',
  'twice.yaml': 'state: a\nstate: b\n',
  'list.yaml': '- state\n',
  'key.yaml': 'lisen: 127.0.0.1:0\n',
  'value.yaml': 'listen: "nowhere"\n',
  'quota.yaml': 'quota: { port: many }\n',
  'resource.yaml': 'quota: { prot: 5 }\n',
  'policy.yaml': 'policy: { create_network: "role:admin and (" }\n',
  'policy-name.yaml': 'policy: { create_netwrok: "role:admin" }\n',
  'policy-other.yaml': 'policy: { create_network: "role:member or rule:admin_onyl" }\n',
  'policy-circle.yaml': 'policy: { create_network: "rule:create_subnet", create_subnet: "rule:create_network" }\n',
  'keystone.yaml': 'keystone: http://127.0.0.1:1/v3\n',
  'physical.yaml': 'physical: { a: b }\n',
  'closed.yaml': 'listen: 127.0.0.1:0\n',
  'text.pem': 'no certificate\n',
  file: '',
};
const nobody: Surroundings = { prefix: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] };

/** Runs a program that must refuse to start; answers its line, with the directory of this test left out. */
async function refused(args: readonly string[], surroundings: Surroundings = {}): Promise<string> {
  const { code, stdout, stderr } = await isospin(args, surroundings);
  expect({ code, stdout, lines: stderr.trimEnd().split('\n').length, stderr }).toMatchObject({ code: 1, stdout: '', lines: 1 });
  return stderr.trimEnd().replaceAll(`${place.path}/`, '');
}
const server = (args: readonly string[], surroundings: Surroundings = {}) =>
  refused(['server', ...(args.includes('--state') ? [] : ['--state', place.file('never')]), ...args], surroundings);
const config = (name: string) => server(['--config', place.file(name)]);

describe('what is written wrong is named with its place', () => {
  test.each([
    ['broken.yaml', /^isospin: broken\.yaml: Flow sequence .* at line 2, column 1$/],
    ['twice.yaml', /^isospin: twice\.yaml: Map keys must be unique at line 2, column 1$/],
    ['list.yaml', /^isospin: list\.yaml must hold keys and values$/],
    ['key.yaml', /^isospin: key\.yaml: there is no key lisen; do you mean listen\?$/],
    ['value.yaml', /^isospin: value\.yaml: listen must be HOST:PORT, not "nowhere"$/],
    ['quota.yaml', /^isospin: quota\.yaml: quota of port must be a whole number from -1 to 2147483647, not "many"$/],
    ['resource.yaml', /^isospin: quota: there is no resource prot with a quota; do you mean port\?$/],
    ['policy.yaml', /^isospin: policy: policy rule create_network: cannot understand "role:admin and \("$/],
    ['policy-name.yaml', /^isospin: policy: there is no rule create_netwrok; do you mean create_network\?$/],
    ['policy-other.yaml', /^isospin: policy: there is no rule admin_onyl; do you mean admin_only\?$/],
    [
      'policy-circle.yaml',
      /^isospin: policy: policy rules refer to each other in a circle: create_network, create_subnet, create_network$/,
    ],
    ['keystone.yaml', /^isospin: keystone needs keystone_password \(in the configuration file or as ISOSPIN_KEYSTONE_PASSWORD\)$/],
    ['nowhere.yaml', /^isospin: cannot read nowhere\.yaml: ENOENT: no such file or directory$/],
    ['physical.yaml', /^isospin: physical\.yaml: there is no key physical; do you mean physical_networks\?$/],
    ['directory', /^isospin: cannot read directory: EISDIR: illegal operation on a directory$/],
  ])('%s', async (name, line) => {
    expect(await config(name)).toMatch(line);
  });

  test.each([
    [['--stat', 'x'], 'there is no option --stat; do you mean --state?'],
    [['--listen', '127.0.0.1:70000'], '--listen must be HOST:PORT, not "127.0.0.1:70000"'],
    [['--database', 'x'], 'there is no option --database'],
    [['--quota', 'port'], '--quota must be NAME:VALUE, not "port"'],
    [['extra'], "Unexpected argument 'extra'. This command does not take positional arguments"],
    [['--tls-cert', 'x'], 'tls_cert and tls_key go together'],
  ])('%j', async (args, line) => {
    expect(await server(args)).toBe(`isospin: ${line}`);
  });

  test('commands, variables, an agent without what it needs', async () => {
    expect(await refused(['srver'])).toBe('isospin: there is no command srver; do you mean isospin server?');
    expect(await server([], { env: { ISOSPIN_TOKEN_LIFETIME: 'long' } })).toBe(
      'isospin: ISOSPIN_TOKEN_LIFETIME must be a whole number from 60 to 31536000, not "long"',
    );
    expect(await server([], { env: { ISOSPIN_LISEN: 'x' } })).toBe(
      'isospin: there is no variable ISOSPIN_LISEN; do you mean ISOSPIN_LISTEN?',
    );
    expect(await refused(['host'])).toBe('isospin: there is no command host: there is isospin host add');
    expect(await refused(['agent', 'shwo'])).toBe(
      'isospin: there is no command agent shwo: there is isospin agent show and isospin agent plan',
    );
    expect(await refused(['agent', '--credential', 'x'])).toBe('isospin: an agent needs --server URL');
    expect(await refused(['agent', '--server', 'https://x'])).toBe('isospin: an agent needs --credential FILE');
    const agent = (credential: string, ...more: string[]) =>
      refused([
        'agent',
        '--server',
        'https://127.0.0.1:1',
        '--run-directory',
        place.file('run'),
        '--credential',
        place.file(credential),
        ...more,
      ]);
    expect(await agent('none')).toBe('isospin: cannot read none: ENOENT: no such file or directory');
    expect(await agent('file')).toMatch(/^isospin: file does not hold a credential: isospin host add \S+ prints one$/);
    expect(await agent('text.pem', '--ca', place.file('text.pem'))).toMatch(/^isospin: text\.pem does not hold a/);
    writeFileSync(place.file('credential'), 'secret\n');
    expect(await agent('credential', '--ca', place.file('text.pem'))).toBe('isospin: text.pem does not hold a certificate (PEM)');
    expect(await agent('credential', '--local-ip', '203.0.113.9')).toBe('isospin: local_ip: no interface of this host has 203.0.113.9');
    expect(await agent('credential', '--server', 'ftp://x')).toBe(
      "isospin: the server's address must begin with https:// or http://: ftp://x",
    );
    expect(await agent('credential', '--server', 'x')).toBe("isospin: the server's address must begin with https:// or http://: x");
  });

  test('a certificate that cannot be used', async () => {
    const tls = (cert: string, key: string) => server(['--tls-cert', place.file(cert), '--tls-key', place.file(key)]);
    expect(await tls('none.pem', 'none.key')).toBe('isospin: cannot read none.pem: ENOENT: no such file or directory');
    expect(await tls('text.pem', 'text.pem')).toBe('isospin: text.pem and text.pem are no certificate with its key: no start line');
    expect(await tls('one.pem', 'two.key')).toBe('isospin: one.pem and two.key are no certificate with its key: key values mismatch');
  });

  test('nothing was made for all that', () => {
    expect(spawnSync('ls', [place.path], { encoding: 'utf8' }).stdout).not.toContain('never');
  });
});

describe('who and where', () => {
  test('nobody may wire networks, and is told what to do', async () => {
    const line = 'isospin: wiring networks needs root: run it with sudo, or run `isospin server` for the API alone';
    for (const args of [['up', '--state', place.file('never')], ['agent', '--server', 'https://x', '--credential', 'x'], ['clean']]) {
      expect(await refused(args, nobody)).toBe(line);
    }
  });

  test('files and directories that are closed', async () => {
    expect(await server(['--config', place.file('closed.yaml')], nobody)).toBe(
      'isospin: cannot read closed.yaml: EACCES: permission denied',
    );
    expect(await server([], nobody)).toBe('isospin: the state directory never cannot be used: EACCES: permission denied');
    expect(await server(['--state', place.file('file')])).toBe('isospin: the state directory file cannot be used: it is not a directory');
    expect(await server(['--state', place.file('file/x')])).toMatch(/^isospin: the state directory file\/x cannot be used: ENOTDIR/);
  });

  test('an address where another program listens, or that is not here', async () => {
    const other = spawn(process.execPath, [
      '-e',
      "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
    ]);
    try {
      const [port] = (await once(other.stdout, 'data')) as [Buffer];
      const at = `127.0.0.1:${String(port).trim()}`;
      const listen = (address: string) => server(['--state', place.file('state'), '--listen', address]);
      expect(await listen(at)).toBe(`isospin: cannot listen on ${at}: another program listens there`);
      expect(await listen('192.0.2.1:9696')).toBe('isospin: cannot listen on 192.0.2.1:9696: this machine has no such address');
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('a database that is not there', async () => {
    const line = await server([], { env: { ISOSPIN_DATABASE: 'postgres://user:secret@127.0.0.1:1/x' } });
    expect(line).toBe('isospin: the database cannot be reached: connect ECONNREFUSED 127.0.0.1:1');
  });

  test('commands where nothing runs', async () => {
    expect(await refused(['openrc', '--state', place.file('directory')])).toBe(
      'isospin: no server runs with the state directory directory; --state DIR names another one, --server URL a server elsewhere',
    );
    expect(await refused(['host', 'add', 'h', '--state', place.file('none')])).toBe(
      'isospin: no server has run with the state directory none',
    );
    for (const question of ['show', 'plan']) {
      const line = await refused(['agent', question, '--run-directory', place.file('none')]);
      expect(line).toBe('isospin: no agents run on this host with the run directory none');
    }
    const env = { OS_AUTH_URL: 'http://127.0.0.1:1/identity', OS_USERNAME: 'a', OS_PASSWORD: 'b', OS_PROJECT_NAME: 'c' };
    expect(await refused(['plug', 'p', '--netns', 'n'], { env })).toBe('isospin: no server listens at http://127.0.0.1:1');
  });
});
