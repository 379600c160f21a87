// The law of the journal and of pulls: for any calls, any cursor and any wakes lost, doubled or out of order, a host that applies the changes
// since its cursor holds exactly what a host that pulls everything holds; and it holds only what concerns it.
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '#core/errors.ts';
import type { Resource } from '#core/resource.ts';
import { applyDelta, type DesiredObject } from '#desired/objects.ts';
import { concerns, hostsOf, pull } from '#desired/pull.ts';
import { networksOf } from '#desired/rows.ts';
import { resources } from '#resources/index.ts';
import { pruneJournal } from '#store/journal.ts';
import { type AnyResource, type Cloud, networks, openCloud, ports, subnets } from '#test/cloud.ts';
import { engines } from '#test/postgres.ts';

/** How many write at once. */
const WRITERS = 4;
const RUNS = 60;
const CONFIG = { dnsDomain: 'openstacklocal.', leaseTime: 86_400 };
const HOSTS = ['one', 'two', 'three', 'absent'] as const;
const agents = resources.find(({ resource }) => resource.name === 'agent')?.resource as Resource;

/** 'server': a port that a DHCP server got for itself. */
type Which = 'network' | 'subnet' | 'port' | 'server';
type Call =
  | { readonly do: 'network'; readonly type: 'vxlan' | 'local' }
  | { readonly do: 'subnet'; readonly of: number; readonly v6: boolean; readonly dhcp: boolean }
  | { readonly do: 'port'; readonly of: number; readonly host: string; readonly bulk: boolean }
  | { readonly do: 'change'; readonly which: Which; readonly at: number; readonly how: number; readonly host: string }
  | { readonly do: 'delete'; readonly which: Which; readonly at: number }
  | { readonly do: 'join'; readonly host: string; readonly ip: number }
  | { readonly do: 'leave'; readonly at: number }
  /** A host looks now; between two looks its wakes are lost. */
  | { readonly do: 'look'; readonly host: string };

const host = fc.constantFrom('', ...HOSTS);
const at = fc.nat(7);
const which = fc.constantFrom<Which>('network', 'subnet', 'port', 'port', 'server');
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('network' as const), type: fc.constantFrom('vxlan' as const, 'local' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('subnet' as const), of: at, v6: fc.boolean(), dhcp: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('port' as const), of: at, host, bulk: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('change' as const), which, at, how: fc.nat(9), host }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), which, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), host: fc.constantFrom('one', 'two', 'three'), ip: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), at }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('look' as const), host: fc.constantFrom(...HOSTS) }) },
);

/** What one update does, by number. */
const CHANGES: Readonly<Record<Exclude<Which, 'server'>, readonly ((host: string, row: { id: string }) => object)[]>> = {
  network: [
    () => ({ name: 'x' }),
    () => ({ mtu: 1400 }),
    () => ({ mtu: 0 }),
    () => ({ dns_domain: 'example.org.' }),
    () => ({ shared: true }),
  ],
  subnet: [
    () => ({ name: 'x' }),
    () => ({ enable_dhcp: false }),
    () => ({ enable_dhcp: true }),
    () => ({ dns_nameservers: ['192.0.2.53'] }),
    () => ({ gateway_ip: null }),
    () => ({ host_routes: [{ destination: '203.0.113.0/24', nexthop: '10.0.0.1' }] }),
  ],
  port: [
    (host) => ({ 'binding:host_id': host }),
    (host) => ({ 'binding:host_id': host }),
    () => ({ name: 'x' }),
    () => ({ admin_state_up: false }),
    () => ({ fixed_ips: [] }),
    (_, { id }) => ({ mac_address: `02:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}:${id.slice(6, 8)}:01` }),
    () => ({ device_owner: 'network:dhcp' }),
    () => ({ device_owner: 'compute:nova' }),
    () => ({ extra_dhcp_opts: [{ opt_name: 'mtu', opt_value: '1400' }], dns_name: 'named' }),
    () => ({ 'binding:vnic_type': 'direct' }),
  ],
};

/** A host's own copy, kept by changes alone. */
class Follower {
  readonly held = new Map<string, DesiredObject>();
  /** Every cursor it ever had, with what it held then. */
  readonly past: { readonly cursor: string; readonly held: ReadonlyMap<string, DesiredObject> }[] = [];
  readonly #cloud: Cloud;
  readonly #host: string;
  constructor(cloud: Cloud, host: string) {
    this.#cloud = cloud;
    this.#host = host;
  }
  async look(): Promise<void> {
    const delta = await pull(this.#cloud.store.read, this.#host, this.past.at(-1)?.cursor, CONFIG);
    applyDelta(this.held, delta);
    this.past.push({ cursor: delta.cursor, held: new Map(this.held) });
  }
}

const digests = (held: ReadonlyMap<string, DesiredObject>): object =>
  Object.fromEntries([...held].map(([key, { digest }]) => [key, digest]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));

async function everything(cloud: Cloud, host: string): Promise<Map<string, DesiredObject>> {
  const held = new Map<string, DesiredObject>();
  const delta = await pull(cloud.store.read, host, undefined, CONFIG);
  expect(delta.complete).toBe(true);
  applyDelta(held, delta);
  return held;
}

const BY_NAME: Readonly<Record<Which, Resource>> = { network: networks, subnet: subnets, port: ports, server: ports };

async function idsOf(cloud: Cloud, { table }: AnyResource, condition = '1 = 1'): Promise<string[]> {
  return (await cloud.store.read.all<{ id: string }>(`SELECT id FROM ${table} WHERE ${condition} ORDER BY id`)).map(({ id }) => id);
}

/** Carries a call out as the administrator; what the API refuses is a call as well. Answers whether it was done. */
async function carryOut(cloud: Cloud, one: Call): Promise<boolean> {
  const { pipeline, admin } = cloud;
  const pick = async (resource: AnyResource, index: number, condition?: string): Promise<string | undefined> => {
    const ids = await idsOf(cloud, resource, condition);
    return ids[index % Math.max(1, ids.length)];
  };
  const row = (which: Which, index: number) => pick(BY_NAME[which], index, which === 'server' ? "device_id LIKE 'dhcp%'" : undefined);
  try {
    switch (one.do) {
      case 'network':
        await cloud.make(networks, { 'provider:network_type': one.type });
        return true;
      case 'subnet': {
        const network_id = await pick(networks, one.of);
        if (network_id === undefined) return false;
        const cidr = one.v6 ? { cidr: '2001:db8::/64', ip_version: 6, ipv6_address_mode: 'slaac' } : { cidr: '10.0.0.0/24', ip_version: 4 };
        await cloud.make(subnets, { network_id, ...cidr, ...(one.v6 ? {} : { enable_dhcp: one.dhcp }) });
        return true;
      }
      case 'port': {
        const network_id = await pick(networks, one.of);
        if (network_id === undefined) return false;
        const attributes = { network_id, 'binding:host_id': one.host };
        if (!one.bulk) await cloud.make(ports, attributes);
        else await pipeline.create(ports, admin, { ports: [attributes, { network_id }, attributes] });
        return true;
      }
      case 'change': {
        const resource = BY_NAME[one.which];
        const id = await row(one.which, one.at);
        const changes = CHANGES[one.which === 'server' ? 'port' : one.which];
        const change = changes[one.how % changes.length];
        if (id === undefined || change === undefined) return false;
        await pipeline.update(resource, admin, id, { [resource.name]: change(one.host, { id }) });
        return true;
      }
      case 'delete': {
        const resource = BY_NAME[one.which];
        const id = await row(one.which, one.at);
        if (id === undefined) return false;
        await pipeline.delete(resource, admin, id);
        return true;
      }
      case 'join':
        await cloud.join(one.host, `198.51.100.${one.ip + 1}`);
        return true;
      case 'leave': {
        const id = await pick(agents, one.at);
        if (id === undefined) return false;
        await pipeline.delete(agents, admin, id);
        return true;
      }
      case 'look':
        return false;
    }
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return false;
    throw error;
  }
}

async function clear(cloud: Cloud): Promise<void> {
  await cloud.store.exec(
    `${[
      'reports',
      'dhcp_bindings',
      'ip_allocations',
      'port_security_groups',
      'port_bindings',
      'ports',
      'subnets',
      'network_segments',
      'rbac_policies',
      'networks',
      'network_hosts',
      'agents',
    ]
      .map((table) => `DELETE FROM ${table}`)
      .join('; ')}`,
  );
}

/** Two hosts, a network that both have, with DHCP, and one that neither has. */
async function begin(cloud: Cloud): Promise<void> {
  for (const [index, name] of ['one', 'two'].entries()) await cloud.join(name, `192.0.2.${index + 1}`);
  for (const bindings of [['one', 'two', 'two'], []]) {
    const { id: network_id } = await cloud.make(networks, {});
    await cloud.make(subnets, { network_id, cidr: '10.0.0.0/24', ip_version: 4, enable_dhcp: bindings.length > 0 });
    for (const name of bindings) await cloud.make(ports, { network_id, 'binding:host_id': name });
  }
}

describe.each(engines())('pull on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  test('changes since any cursor equal everything, and everything is what concerns the host', { timeout: 240_000 }, async () => {
    const done = { calls: 0, objects: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 5, maxLength: 40, size: 'max' }),
        fc.infiniteStream(fc.nat()),
        async (calls, choices) => {
          await clear(cloud);
          await begin(cloud);
          const followers = new Map(HOSTS.map((name) => [name as string, new Follower(cloud, name)]));
          for (const follower of followers.values()) await follower.look();
          for (const one of calls) {
            if (one.do === 'look') await followers.get(one.host)?.look();
            else if (await carryOut(cloud, one)) done.calls++;
          }
          for (const [name, follower] of followers) {
            const whole = await everything(cloud, name);
            done.objects += whole.size;
            // From any earlier cursor, and from the one that is current already: a doubled wake.
            const from = follower.past[choices.next().value % follower.past.length];
            await follower.look();
            expect(digests(follower.held), `${name} by its changes`).toEqual(digests(whole));
            await follower.look();
            expect(digests(follower.held), `${name} by a look too many`).toEqual(digests(whole));
            if (from) {
              const held = new Map(from.held);
              applyDelta(held, await pull(cloud.store.read, name, from.cursor, CONFIG));
              expect(digests(held), `${name} from an early cursor`).toEqual(digests(whole));
            }
            await onlyItsOwn(cloud, name, whole);
          }
        },
      ),
      { numRuns: RUNS },
    );
    // The calls were not all refused, and hosts had something to hold.
    expect(done.calls).toBeGreaterThan(5 * RUNS);
    expect(done.objects).toBeGreaterThan(5 * RUNS);
  });

  test('whoever has something new to pull is woken', { timeout: 120_000 }, async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 3, maxLength: 15, size: 'max' }), async (calls) => {
        await clear(cloud);
        await begin(cloud);
        for (const one of calls) {
          const before = await Promise.all(
            HOSTS.map(async (name) => [await everything(cloud, name), await networksOf(cloud.store.read, name)] as const),
          );
          const woken: string[] = [];
          const stop = cloud.pipeline.parts.bus.subscribe((scopes) => woken.push(...scopes));
          await carryOut(cloud, one);
          await setImmediate();
          stop();
          for (const [index, name] of HOSTS.entries()) {
            const [held, view] = before[index] ?? [new Map(), new Set()];
            const after = await everything(cloud, name);
            if (JSON.stringify(digests(held)) === JSON.stringify(digests(after))) continue;
            changed++;
            expect(concerns(woken, name, view), `${name} by ${JSON.stringify(one)}`).toBe(true);
            expect([...(await hostsOf(cloud.store.read, woken))]).toContain(name);
          }
        }
      }),
      { numRuns: RUNS / 3 },
    );
    expect(changed).toBeGreaterThan(RUNS);
  });

  test('holds while many write and look at once, and when the journal was pruned', { timeout: 60_000 }, async () => {
    await clear(cloud);
    await begin(cloud);
    const followers = HOSTS.map((name) => new Follower(cloud, name));
    for (const follower of followers) await follower.look();
    const calls = fc.sample(fc.array(call, { minLength: 40, maxLength: 40 }), WRITERS);
    const writers = calls.map(async (mine) => {
      for (const one of mine) await carryOut(cloud, one);
    });
    let writing = true;
    const looks = followers.map(async (follower) => {
      while (writing) {
        await follower.look();
        await setImmediate();
      }
    });
    await Promise.all(writers);
    writing = false;
    await Promise.all(looks);
    for (const [index, follower] of followers.entries()) {
      await follower.look();
      expect(digests(follower.held), HOSTS[index]).toEqual(digests(await everything(cloud, HOSTS[index] ?? '')));
    }
    await pause(5);
    while ((await cloud.store.transaction((tx) => pruneJournal(tx, 0))) > 0);
    const [first] = followers;
    expect((await pull(cloud.store.read, HOSTS[0], first?.past[0]?.cursor, CONFIG)).complete).toBe(true);
    expect((await pull(cloud.store.read, HOSTS[0], first?.past.at(-1)?.cursor, CONFIG)).complete).toBe(false);
  });

  test('a rename and a description change no digest', async () => {
    await clear(cloud);
    await begin(cloud);
    const before = digests(await everything(cloud, 'one'));
    expect(Object.keys(before).length).toBeGreaterThan(5);
    for (const resource of [networks, subnets, ports]) {
      for (const id of await idsOf(cloud, resource)) {
        const row = await cloud.pipeline.update(resource, cloud.admin, id, { [resource.name]: { name: 'renamed', description: 'anew' } });
        expect(row.name).toBe('renamed');
      }
    }
    expect(digests(await everything(cloud, 'one'))).toEqual(before);
    await cloud.store.transaction((tx) => tx.run("UPDATE ports SET status = 'ACTIVE'"));
    expect(digests(await everything(cloud, 'one'))).toEqual(before);
  });
});

/** Every object is of a network that has a bound port on the host; ports are its own, peers are bound elsewhere, leases only where it serves. */
async function onlyItsOwn(cloud: Cloud, name: string, whole: ReadonlyMap<string, DesiredObject>): Promise<void> {
  const { read } = cloud.store;
  const bound = await read.all<{ id: string; network_id: string }>(
    "SELECT id, network_id FROM ports WHERE binding_host_id = ? AND binding_vif_type = 'bridge'",
    name,
  );
  const serves = (await read.all<{ network_id: string }>('SELECT network_id FROM dhcp_bindings WHERE host = ?', name)).map(
    (row) => row.network_id,
  );
  const mine = new Set(bound.map((row) => row.network_id));
  for (const { key, value } of whole.values()) {
    expect(mine, key).toContain(value.network_id);
    if (value.kind === 'port') expect(bound.map(({ id }) => id)).toContain(value.port_id);
    if (value.kind === 'peer') expect(bound.map(({ id }) => id)).not.toContain(value.port_id);
    if (value.kind === 'lease' || value.kind === 'dhcp') expect(serves).toContain(value.network_id);
  }
  expect(new Set([...whole.keys()].filter((key) => key.startsWith('port/')))).toEqual(new Set(bound.map(({ id }) => `port/${id}`)));
  expect(await networksOf(read, name)).toEqual(mine);
  expect(concerns([`host:${name}`], name, mine) && !concerns(['network:none', 'host:other'], name, mine)).toBe(true);
}
