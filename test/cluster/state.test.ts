// A state directory in every condition: damaged, newer, used by two, full. One clear line, nothing lost, and not a byte of what is there changed.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSqlite } from '#store/sqlite.ts';
import { engines } from '#test/postgres.ts';
import { breaches } from './invariants.ts';
import { makeLoad } from './load.ts';
import { adminOf, apiWith, isospin, must, passwordOf, type Server, scratch, startServer, tokenOf } from './program.ts';

const place = scratch();
const good = place.file('good');
let networkId: string;
beforeAll(async () => {
  const server = await startServer(good);
  networkId = (await must(await adminOf(server))('POST', '/v2.0/networks', { network: { name: 'kept' } })).network.id;
  await server.end();
});
afterAll(() => place.remove());

let serial = 0;
/** A copy of a state directory that a server has left in good order. */
function copy(): string {
  const path = place.file(`copy${++serial}`);
  cpSync(good, path, { recursive: true });
  return path;
}

/** Every file of a directory by name, with a digest of what is in it. */
const contents = (state: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(state)
      .filter((name) => name !== 'lock')
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(state, name)))
          .digest('hex'),
      ]),
  );

/** A start that must be refused; answers its one line. */
async function refused(state: string): Promise<string> {
  const { code, stdout, stderr } = await isospin(['server', '--state', state, '--listen', '127.0.0.1:0']);
  expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, stdout: '', lines: 1 });
  return stderr.trimEnd().replace('isospin: ', '').replaceAll(state, 'STATE');
}

/** Whether the cloud is there: its network, and its admin's password. */
async function works(state: string): Promise<void> {
  const server = await startServer(state);
  try {
    const { networks } = await must(await adminOf(server))('GET', '/v2.0/networks');
    expect(networks.map(({ id }: { id: string }) => id)).toEqual([networkId]);
  } finally {
    await server.end();
  }
}

describe('a database file that is not in order is left as it is', () => {
  const damages: readonly (readonly [string, (file: string) => void, RegExp])[] = [
    [
      'garbage',
      (file) => writeFileSync(file, Buffer.alloc(5_000, 'x')),
      /^Cannot open the database STATE\/isospin.db: the file is not a SQLite database$/,
    ],
    [
      'truncated',
      (file) => truncateSync(file, 100_000),
      /^Cannot open the database STATE\/isospin.db: .*damaged.*restore it from a backup$/,
    ],
    ['half of its pages overwritten', overwrite, /^Cannot open the database STATE\/isospin.db: .*damaged.*restore it from a backup$/],
    [
      'newer than the program',
      (file) => version(file, "INSERT INTO schema_versions SELECT MAX(version) + 1, 'later' FROM schema_versions"),
      /^The database is at version \d+, this program knows \d+: run a newer Isospin$/,
    ],
    [
      'of a different program',
      (file) => version(file, "UPDATE schema_versions SET name = 'theirs' WHERE version = 2"),
      /^The database was made by a different program: its version 2 is theirs/,
    ],
    ['a directory', replace, /^Cannot open the database STATE\/isospin.db: /],
  ];
  test.each(damages)('%s', async (what, damage, line) => {
    const state = copy();
    const file = join(state, 'isospin.db');
    damage(file);
    const before = what === 'a directory' ? {} : contents(state);
    expect(await refused(state)).toMatch(line);
    // Commands beside it change nothing either.
    expect((await isospin(['host', 'add', 'h', '--state', state])).code).toBe(1);
    if (what !== 'a directory') expect(contents(state)).toEqual(before);
    rmSync(file, { recursive: true });
    copyFileSync(join(good, 'isospin.db'), file);
    await works(state);
  });

  function replace(file: string): void {
    rmSync(file);
    mkdirSync(file);
  }
  function overwrite(file: string): void {
    const bytes = readFileSync(file);
    for (let at = 8 * 4096; at < bytes.length; at += 2 * 4096) bytes.fill(0xa5, at, at + 4096);
    writeFileSync(file, bytes);
  }
  function version(file: string, sql: string): void {
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
  }
});

describe('the small files beside it', () => {
  test('a damaged server.json is said to be, and written anew by the next start', async () => {
    for (const text of ['', '{"url":', 'null', '{"url": 5}', '[]']) {
      const state = copy();
      writeFileSync(join(state, 'server.json'), text);
      const { code, stderr } = await isospin(['openrc', '--state', state]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `isospin: ${join(state, 'server.json')} is damaged: a start of the server writes it anew\n`,
      });
    }
    const state = copy();
    writeFileSync(join(state, 'server.json'), '{"url":');
    await works(state);
    expect(existsSync(join(state, 'server.json'))).toBe(false);
  });

  test('an admin password that is gone stays what it was; no other one is written down', async () => {
    const state = copy();
    const password = passwordOf(state);
    rmSync(join(state, 'admin-password'));
    const server = await startServer(state);
    try {
      expect(existsSync(join(state, 'admin-password'))).toBe(false);
      await tokenOf(server.url, password);
      const { code, stderr } = await isospin(['openrc', '--state', state]);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^isospin: \S+admin-password is not there: sign in with the OS_\* variables, as the admin or as somebody else\n$/,
      );
    } finally {
      await server.end();
    }
  });

  test('a new cloud never takes an empty or damaged password', async () => {
    const state = place.file('new');
    mkdirSync(state);
    writeFileSync(join(state, 'admin-password'), Buffer.from([0x73, 0x00, 0xff, 0x07]));
    expect(await refused(state)).toBe('STATE/admin-password holds no password: remove it, and a new one is made');
    writeFileSync(join(state, 'admin-password'), '');
    const server = await startServer(state);
    expect(passwordOf(state)).toMatch(/^\S{20,}$/);
    await adminOf(server);
    await server.end();
  });

  const postgres = engines().find(({ name }) => name === 'postgres');
  test.runIf(postgres)('of two servers that make a cloud at once, only the maker of its admin keeps a password', async () => {
    const opened = await postgres?.open({ migrated: false });
    if (opened === undefined) throw new Error('no PostgreSQL');
    const states = ['first', 'second'].map(place.file);
    const servers = await Promise.all(states.map((state) => startServer(state, [], { env: { ISOSPIN_DATABASE: opened.location } })));
    try {
      const keepers = servers.filter(({ state }) => existsSync(join(state, 'admin-password')));
      expect(keepers.length).toBe(1);
      const password = passwordOf((keepers[0] as Server).state);
      for (const { url } of servers) await tokenOf(url, password);
    } finally {
      for (const server of servers) await server.end();
      await opened.remove();
    }
  });
});

test('two servers never share a state directory, and a killed one leaves it free', async () => {
  const state = copy();
  const server = await startServer(state);
  expect(await refused(state)).toBe(`another server uses the state directory STATE (process ${server.child.pid})`);
  expect(JSON.parse(readFileSync(join(state, 'server.json'), 'utf8')).pid).toBe(server.child.pid);
  await adminOf(server);
  await server.end('SIGKILL');
  await works(state);
});

test('a full disk: writes answer 503 and nothing is half made; with room again it works, without a restart', {
  timeout: 60_000,
}, async () => {
  // A file system of its own, that this one process sees.
  const mount = place.file('small');
  mkdirSync(mount);
  const prefix = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=32m tmpfs "$0" && exec "$@"', mount];
  const settings = ['--quota', 'network:-1,subnet:-1,port:-1', '--tunnel-ids', '1:1000'];
  const server = await startServer(join(mount, 's'), settings, { prefix });
  const state = `/proc/${server.child.pid}/root${mount}/s`;
  try {
    writeFileSync(join(state, 'filler'), Buffer.alloc(30_000_000));
    const token = await tokenOf(server.url, passwordOf(state));
    const api = apiWith(server.url, token);
    const { network } = await must(api)('POST', '/v2.0/networks', { network: { name: 'n' } });
    const { subnet } = await must(api)('POST', '/v2.0/subnets', { subnet: { network_id: network.id, ip_version: 4, cidr: '10.1.0.0/24' } });
    const load = makeLoad(8, [{ id: network.id, subnet: subnet.id }], ['h']);
    const running = load.run(api);
    for (const deadline = Date.now() + 20_000; load.wrong.length < 20 && Date.now() < deadline; ) await pause(20);
    load.stop();
    await running;
    expect(load.wrong.length).toBeGreaterThanOrEqual(20);
    for (const line of load.wrong)
      expect(line).toContain(': 503 {"NeutronError":{"type":"ServiceUnavailable","message":"The service is unavailable.","detail":""}}');
    // Reading goes on, and shows that nothing of what was refused was done.
    expect(await load.compare(api)).toEqual([]);
    expect((await api('GET', '/v2.0/networks')).status).toBe(200);
    rmSync(join(state, 'filler'));
    load.resume();
    const refusedBefore = load.wrong.length;
    const more = load.run(api);
    await pause(500);
    load.stop();
    await more;
    expect(load.wrong.length).toBe(refusedBefore);
    expect(await load.compare(api)).toEqual([]);
    // SQLite would look for that path on this test's own file system; nobody writes now.
    for (const suffix of ['', '-wal']) copyFileSync(join(state, `isospin.db${suffix}`), place.file(`full.db${suffix}`));
    const store = openSqlite(place.file('full.db'));
    expect(await breaches(store.read, { first: 1n, last: 1000n })).toEqual([]);
    await store.close();
    expect(server.stderr).toContain('the disk that holds the database is full');
    expect(statSync(join(state, 'isospin.db')).mode & 0o777).toBe(0o600);
  } finally {
    await server.end();
  }
  expect(server.child.exitCode).toBe(0);
});
