// What every Bus does. A wake may be lost or doubled, so tests wait until a scope was heard of, and count nothing but calls that must not happen.
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Bus, EVERYTHING } from '#bus/bus.ts';
import { openMemoryBus } from '#bus/memory.ts';
import { openPostgresBus } from '#bus/postgres.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';

const onPostgres = engines().filter(({ name }) => name === 'postgres');

/** Collects what a bus says; `heard` waits until it has said all of these. */
function listen(bus: Bus) {
  const calls: (readonly string[])[] = [];
  const stop = bus.subscribe((scopes) => calls.push(scopes));
  const heard = (...scopes: string[]) =>
    vi.waitFor(() => expect(scopes.filter((scope) => !calls.some((call) => call.includes(scope)))).toEqual([]), {
      timeout: 5_000,
      interval: 5,
    });
  return { calls, stop, heard };
}

const buses = [
  {
    name: 'memory',
    prepare: async () => ({ open: async (onError: (error: unknown) => void) => openMemoryBus({ onError }), remove: async () => undefined }),
  },
  ...onPostgres.map((engine) => ({
    name: 'postgres',
    prepare: async () => {
      const database = await engine.open({ migrated: false });
      return { open: (onError: (error: unknown) => void) => openPostgresBus(database.location, { onError }), remove: database.remove };
    },
  })),
];

describe.each(buses)('bus in $name', ({ prepare }) => {
  let prepared: Awaited<ReturnType<typeof prepare>>;
  let bus: Bus;
  let errors: unknown[];
  beforeEach(async () => {
    prepared = await prepare();
    errors = [];
    bus = await prepared.open((error) => errors.push(error));
  });
  afterEach(async () => {
    await bus.close();
    await prepared.remove();
  });

  test('wakes every subscriber with the scopes, not inside publish', async () => {
    const [first, second] = [listen(bus), listen(bus)];
    bus.publish(['network:1', 'host:ä']);
    expect(first.calls).toEqual([]);
    await first.heard('network:1', 'host:ä');
    await second.heard('network:1', 'host:ä');
  });

  test('publishes of the same moment go out as one, each scope once', async () => {
    const { calls, heard } = listen(bus);
    for (let index = 0; index < 100; index++) bus.publish(['network:1', `port:${index % 10}`]);
    await heard('network:1', 'port:9');
    expect(calls).toHaveLength(1);
    expect(new Set(calls[0]).size).toBe(calls[0]?.length);
  });

  test('says nothing about nothing, and nothing to who has stopped listening', async () => {
    const [stopped, going] = [listen(bus), listen(bus)];
    stopped.stop();
    stopped.stop();
    bus.publish([]);
    bus.publish(['network:2']);
    await going.heard('network:2');
    expect(stopped.calls).toEqual([]);
    expect(going.calls).toEqual([['network:2']]);
  });

  test('the same function may subscribe twice and stop once', async () => {
    const calls: (readonly string[])[] = [];
    const wake = (scopes: readonly string[]) => calls.push(scopes);
    const stop = bus.subscribe(wake);
    bus.subscribe(wake);
    stop();
    bus.publish(['network:3']);
    await vi.waitFor(() => expect(calls).toEqual([['network:3']]));
  });

  test('a subscriber that throws is reported and keeps nobody from being woken', async () => {
    const failure = new Error('as asked');
    bus.subscribe(() => {
      throw failure;
    });
    const { heard } = listen(bus);
    bus.publish(['network:4']);
    await heard('network:4');
    expect(errors).toEqual([failure]);
  });

  test('is silent after close, which may be called twice', async () => {
    const { calls } = listen(bus);
    bus.publish(['network:5']);
    await bus.close();
    await bus.close();
    bus.publish(['network:6']);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(calls).toEqual([]);
    expect(errors).toEqual([]);
  });
});

describe.each(onPostgres)('bus between servers over $name', (engine) => {
  let database: OpenEngine;
  let here: Bus;
  let there: Bus;
  let errors: unknown[];
  beforeEach(async () => {
    database = await engine.open({ migrated: false });
    errors = [];
    const onError = (error: unknown) => errors.push(error);
    [here, there] = [await openPostgresBus(database.location, { onError }), await openPostgresBus(database.location, { onError })];
  });
  afterEach(async () => {
    await Promise.all([here.close(), there.close()]);
    await database.remove();
  });

  test('a wake reaches the other server, and comes back to nobody', async () => {
    const [own, other] = [listen(here), listen(there)];
    here.publish(['network:1']);
    await other.heard('network:1');
    there.publish(['network:2']);
    await own.heard('network:2');
    expect([own.calls.flat(), other.calls.flat()]).toEqual([
      ['network:1', 'network:2'],
      ['network:1', 'network:2'],
    ]);
  });

  test('more scopes than one notification can carry all arrive; far more wake everybody', async () => {
    const { calls, heard } = listen(there);
    const scopes = Array.from({ length: 1_000 }, (_, index) => `network:${String(index).padStart(8, '0')}-aaaa-bbbb-cccc-üüüüüüüüüüüü`);
    here.publish(scopes);
    await heard(...scopes);
    expect(calls.flat()).not.toContain(EVERYTHING);
    here.publish(Array.from({ length: 5_000 }, (_, index) => `port:${index}`));
    await heard(EVERYTHING);
    here.publish(['x'.repeat(9_000)]);
    await vi.waitFor(() => expect(calls.flat().filter((scope) => scope === EVERYTHING)).toHaveLength(2));
    expect(errors).toEqual([]);
  });

  test('after its connection broke it connects again, wakes everybody, and delivers what was asked meanwhile', async () => {
    const [own, other] = [listen(here), listen(there)];
    const admin = new pg.Client({ connectionString: database.location });
    await admin.connect();
    await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await vi.waitFor(() => expect(errors.length).toBeGreaterThanOrEqual(2));
    here.publish(['network:meanwhile']);
    await own.heard('network:meanwhile', EVERYTHING);
    await other.heard(EVERYTHING);
    here.publish(['network:afterwards']);
    await other.heard('network:afterwards');
    const { rows } = await admin.query<{ n: string }>(
      "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'isospin'",
    );
    expect(rows).toEqual([{ n: '2' }]);
    await admin.end();
  });

  test('what it cannot read wakes everybody', async () => {
    const { heard } = listen(here);
    const admin = new pg.Client({ connectionString: database.location });
    await admin.connect();
    await admin.query("NOTIFY isospin_wake, 'not JSON'");
    await admin.end();
    await heard(EVERYTHING);
  });

  test('a server that cannot be reached is one clear error', async () => {
    const nowhere = openPostgresBus(database.location.replace(/host=[^&]*/, 'host=%2Fnowhere'));
    await expect(nowhere).rejects.toMatchObject({ name: 'StoreUnavailable', message: 'the database cannot be reached' });
  });
});
