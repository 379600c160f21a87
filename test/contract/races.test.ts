// Many clients at once, on every engine: constraints, locks and counters are the referees. Whoever loses is told so in the API's words, and the
// books balance afterwards.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '#core/errors.ts';
import { toText } from '#ipam/address.ts';
import { freePool } from '#ipam/allocate.ts';
import { type Cloud, callerOf, networks, newProject, openCloud, ports, refusal, subnets } from '#test/cloud.ts';
import { engines } from '#test/postgres.ts';

/** Types of refusals, sorted, and how many calls were done. */
async function outcome(calls: readonly Promise<unknown>[]): Promise<{ readonly done: number; readonly refused: readonly string[] }> {
  const all = await Promise.allSettled(calls);
  const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  for (const reason of refused) if (!(reason instanceof ApiError) || reason.status >= 500) throw reason;
  return { done: all.length - refused.length, refused: refused.map((reason) => (reason as ApiError).type).sort() };
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

describe.each(engines())('races on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { network: 100, subnet: -1, port: 8 } } });
  });
  afterAll(() => cloud.close());
  const count = async (sql: string, ...params: string[]): Promise<number> =>
    (await cloud.store.read.get<{ n: number }>(sql, ...params))?.n ?? 0;
  const newNetwork = async (project_id = cloud.admin.actor.projectId) => (await cloud.make(networks, { project_id })).id;

  test('a quota holds under any concurrency, for singles and bulks, and what is deleted makes room', { timeout: 60_000 }, async () => {
    const member = callerOf('member', newProject());
    const network_id = await newNetwork(member.actor.projectId);
    const single = () => cloud.make(ports, { network_id }, member);
    const bulk = () => cloud.pipeline.create(ports, member, { ports: [{ network_id }, { network_id }, { network_id }] });
    await outcome([...times(4, bulk), ...times(12, single)]);
    // Whoever came too late for three may have left room for one.
    while ((await outcome([single()])).done === 1);
    expect(await refusal(single())).toEqual({ type: 'OverQuota', status: 409, message: "Quota exceeded for resources: ['port']." });
    const mine = await cloud.store.read.all<{ id: string }>('SELECT id FROM ports WHERE project_id = ?', member.actor.projectId);
    expect(mine).toHaveLength(8);
    expect(await count("SELECT used AS n FROM quota_usage WHERE resource = 'port' AND project_id = ?", member.actor.projectId)).toBe(8);
    expect((await refusal(bulk())).type).toBe('OverQuota');
    // The same port deleted twice at once is deleted, and counted, once.
    const removals = [...mine, ...mine].map(({ id }) => cloud.pipeline.delete(ports, member, id));
    expect(await outcome(removals)).toEqual({ done: 8, refused: Array(8).fill('PortNotFound') });
    expect(await count("SELECT used AS n FROM quota_usage WHERE resource = 'port' AND project_id = ?", member.actor.projectId)).toBe(0);
    expect((await outcome(times(8, single))).done).toBe(8);
  });

  test('of ports that want one MAC, one gets it', async () => {
    const network_id = await newNetwork();
    const mac = { mac_address: '02:00:00:00:00:01' };
    expect(await outcome(times(5, () => cloud.make(ports, { network_id, ...mac })))).toEqual({
      done: 1,
      refused: Array(4).fill('MacAddressInUse'),
    });
    const others = await Promise.all(times(2, () => cloud.make(ports, { network_id })));
    const moves = others.map(({ id }) => cloud.pipeline.update(ports, cloud.admin, id, { port: { mac_address: '02:00:00:00:00:02' } }));
    expect(await outcome(moves)).toEqual({ done: 1, refused: ['MacAddressInUse'] });
    await Promise.all((await idsOn(network_id)).map((id) => cloud.pipeline.delete(ports, cloud.admin, id)));
  });

  const idsOn = async (network_id: string): Promise<string[]> =>
    (await cloud.store.read.all<{ id: string }>('SELECT id FROM ports WHERE network_id = ?', network_id)).map(({ id }) => id);

  test('of subnets that overlap, one is made', async () => {
    const network_id = await newNetwork();
    const cidrs = ['10.0.0.0/24', '10.0.0.0/25', '10.0.0.128/25', '10.0.0.0/16', '10.0.0.64/26'];
    await outcome(cidrs.map((cidr) => cloud.make(subnets, { network_id, cidr, ip_version: 4 })));
    const made = await cloud.store.read.all<{ cidr: string }>('SELECT cidr FROM subnets WHERE network_id = ?', network_id);
    const allowed = [['10.0.0.0/25', '10.0.0.128/25'], ['10.0.0.128/25', '10.0.0.64/26'], ...cidrs.map((cidr) => [cidr])];
    expect(allowed).toContainEqual(made.map(({ cidr }) => cidr).sort());
  });

  test('a network that is deleted while ports and subnets are made on it', { timeout: 60_000 }, async () => {
    const seen = new Set<string>();
    for (let round = 0; round < 12; round++) {
      const network_id = await newNetwork();
      const calls = times(4, () => cloud.make(ports, { network_id }, cloud.admin));
      const subnet = cloud.make(subnets, { network_id, cidr: '10.0.0.0/24', ip_version: 4, enable_dhcp: false });
      const removal = cloud.pipeline.delete(networks, cloud.admin, network_id);
      const { refused } = await outcome([calls[0] as Promise<unknown>, removal, ...calls.slice(1), subnet]);
      for (const type of refused) seen.add(type);
      const left = await count('SELECT COUNT(*) AS n FROM networks WHERE id = ?', network_id);
      if (left === 0) expect(await idsOn(network_id)).toEqual([]);
      await Promise.all((await idsOn(network_id)).map((id) => cloud.pipeline.delete(ports, cloud.admin, id)));
      if (left === 1) await cloud.pipeline.delete(networks, cloud.admin, network_id);
    }
    for (const type of seen) expect(['NetworkNotFound', 'NetworkInUse', 'OverQuota']).toContain(type);
    expect(await count('SELECT COUNT(*) AS n FROM ip_allocations WHERE port_id NOT IN (SELECT id FROM ports)')).toBe(0);
  });

  test('a subnet that is deleted while ports take its addresses', { timeout: 60_000 }, async () => {
    const network_id = await newNetwork();
    const seen = new Set<string>();
    for (let round = 0; round < 12; round++) {
      const { id } = await cloud.make(subnets, { network_id, cidr: '10.0.0.0/24', ip_version: 4, enable_dhcp: false });
      const calls = [
        cloud.make(ports, { network_id }),
        cloud.pipeline.delete(subnets, cloud.admin, id),
        cloud.make(ports, { network_id, fixed_ips: [{ subnet_id: id }] }),
        cloud.make(ports, { network_id, fixed_ips: [{ ip_address: '10.0.0.77' }] }),
        cloud.pipeline.update(subnets, cloud.admin, id, { subnet: { allocation_pools: [{ start: '10.0.0.50', end: '10.0.0.90' }] } }),
      ];
      for (const type of (await outcome(calls)).refused) seen.add(type);
      const left = await count('SELECT COUNT(*) AS n FROM subnets WHERE id = ?', id);
      if (left === 0) expect(await count('SELECT COUNT(*) AS n FROM ip_allocations WHERE subnet_id = ?', id)).toBe(0);
      await Promise.all((await idsOn(network_id)).map((port) => cloud.pipeline.delete(ports, cloud.admin, port)));
      if (left === 1) await cloud.pipeline.delete(subnets, cloud.admin, id);
    }
    for (const type of seen)
      expect(['SubnetInUse', 'SubnetNotFound', 'InvalidInput', 'InvalidIpForNetwork', 'IpAddressAlreadyAllocated']).toContain(type);
    expect(
      await count("SELECT COUNT(*) AS n FROM free_ranges WHERE pool LIKE 'subnet/%' AND SUBSTR(pool, 8) NOT IN (SELECT id FROM subnets)"),
    ).toBe(0);
  });

  test('of updates that expect one revision, one is done', async () => {
    const { id } = await cloud.make(networks, {});
    const { revision_number } = await cloud.pipeline.show(networks, cloud.admin, id);
    const rename = (index: number) =>
      cloud.pipeline.update(networks, cloud.admin, id, { network: { name: `n${index}` } }, Number(revision_number));
    expect(await outcome(times(6, rename))).toEqual({ done: 1, refused: Array(5).fill('RevisionNumberConstraintFailed') });
    // Without one, every update is done, and each counts.
    await Promise.all(times(6, (index) => cloud.pipeline.update(networks, cloud.admin, id, { network: { description: `d${index}` } })));
    expect((await cloud.pipeline.show(networks, cloud.admin, id)).revision_number).toBe(Number(revision_number) + 7);
  });

  test('hosts that join at once serve a network once', async () => {
    const network_id = await newNetwork();
    await cloud.make(subnets, { network_id, cidr: '10.0.0.0/24', ip_version: 4 });
    await Promise.all(times(6, (index) => cloud.join(`host-${index}`, `192.0.2.${index + 1}`)));
    expect(await count('SELECT COUNT(*) AS n FROM dhcp_bindings WHERE network_id = ?', network_id)).toBe(1);
    expect(await count("SELECT COUNT(*) AS n FROM ports WHERE network_id = ? AND device_owner = 'network:dhcp'", network_id)).toBe(1);
  });
});

describe.each(engines().filter(({ name }) => name === 'postgres'))('races of several servers on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  test('an address that is given back while the pools change goes to the new pools, or to none', async () => {
    for (const [start, end, free] of [
      ['10.0.0.100', '10.0.0.110', ['10.0.0.100-10.0.0.110']],
      ['10.0.0.12', '10.0.0.18', ['10.0.0.12-10.0.0.18']],
    ] as const) {
      const { id: network_id } = await cloud.make(networks, {});
      const allocation_pools = [{ start: '10.0.0.10', end: '10.0.0.20' }];
      const { id } = await cloud.make(subnets, { network_id, cidr: '10.0.0.0/24', ip_version: 4, enable_dhcp: false, allocation_pools });
      const port = await cloud.make(ports, { network_id, fixed_ips: [{ ip_address: '10.0.0.15' }] });
      const [changed, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const change = cloud.pipeline.write(cloud.admin, async (work) => {
        const row = await work.load(subnets, id, 'change');
        if (row) await work.update(subnets, row, { allocation_pools: [{ start, end }] });
        changed.resolve();
        await ending.promise;
      });
      await changed.promise;
      const removal = cloud.pipeline.delete(ports, cloud.admin, port.id);
      await pause(200);
      ending.resolve();
      await Promise.all([change, removal]);
      const ranges = await cloud.store.read.all<{ first: string; last: string }>(
        'SELECT first, last FROM free_ranges WHERE pool = ? ORDER BY first',
        freePool(id),
      );
      const address = (hex: string) => toText(BigInt(`0x${hex}`), 4);
      expect(ranges.map(({ first, last }) => `${address(first)}-${address(last)}`)).toEqual(free);
    }
  });
});
