// What hosts report, and the status that follows: a port is ACTIVE when everybody needed has applied its wiring as it is now, and only then;
// whatever a host says of what does not concern it is passed over.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '#core/errors.ts';
import type { DesiredObject } from '#desired/objects.ts';
import { pull } from '#desired/pull.ts';
import { acceptReports, type HostReport } from '#desired/reports.ts';
import { type Cloud, networks, openCloud, ports, subnets, system } from '#test/cloud.ts';
import { engines } from '#test/postgres.ts';

const CONFIG = { dnsDomain: 'openstacklocal.', leaseTime: 86_400 };
const HOSTS = ['one', 'two'] as const;

type Step =
  | {
      readonly do: 'report';
      readonly host: string;
      readonly kind: 'port' | 'lease';
      readonly stale: boolean;
      readonly error: string | null;
    }
  | { readonly do: 'change'; readonly attributes: object }
  | { readonly do: 'no dhcp' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      host: fc.constantFrom(...HOSTS),
      kind: fc.constantFrom('port' as const, 'lease' as const),
      stale: fc.boolean(),
      error: fc.constantFrom(null, null, null, 'no room'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<object>(
        { name: 'renamed' },
        { admin_state_up: false },
        { admin_state_up: true },
        { fixed_ips: [] },
        { 'binding:host_id': 'one' },
        { 'binding:host_id': 'two' },
        { 'binding:host_id': '' },
        { 'binding:host_id': 'absent' },
        { device_owner: 'compute:nova' },
        { dns_name: 'named' },
        { extra_dhcp_opts: [{ opt_name: 'mtu', opt_value: '1300' }] },
      )
      .map((attributes) => ({ do: 'change' as const, attributes })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'no dhcp' }) },
);

describe.each(engines())('reports on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    for (const [index, name] of HOSTS.entries()) await cloud.join(name, `192.0.2.${index + 1}`);
  });
  afterAll(() => cloud.close());

  const say = (host: string, ...reports: HostReport[]) => cloud.pipeline.write(system, (work) => acceptReports(work, host, reports));
  const objectsOf = async (host: string): Promise<Map<string, DesiredObject>> =>
    new Map((await pull(cloud.store.read, host, undefined, CONFIG)).put.map((one) => [one.key, one]));
  const statusOf = async (id: string) => (await cloud.pipeline.show(ports, cloud.admin, id)).status;
  const kept = (host: string) => cloud.store.read.all<{ object_key: string }>('SELECT object_key FROM reports WHERE host = ?', host);

  /** A network with DHCP on one host, and a port that is on both hosts' minds. */
  async function world(host = 'one') {
    const { id: network_id } = await cloud.make(networks, {});
    const { id: subnet_id } = await cloud.make(subnets, { network_id, cidr: '10.0.0.0/24', ip_version: 4 });
    const { id } = await cloud.make(ports, { network_id, 'binding:host_id': host });
    const served = await cloud.store.read.get<{ host: string }>('SELECT host FROM dhcp_bindings WHERE network_id = ?', network_id);
    return { network_id, subnet_id, id, server: served?.host ?? '' };
  }

  test('the status is what the last words of those needed make it', { timeout: 120_000 }, async () => {
    const seen = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20, size: 'max' }), async (steps) => {
        const { id, network_id, subnet_id, server } = await world();
        const words = new Map<string, HostReport>();
        let dhcp = true;
        for (const one of steps) {
          const before = await cloud.pipeline.show(ports, cloud.admin, id);
          if (one.do === 'report') {
            const key = `${one.kind}/${id}`;
            const now = (await objectsOf(one.host)).get(key)?.digest ?? 'none';
            const report = { key, digest: one.stale ? 'stale' : now, error: one.error };
            await say(one.host, report);
            const concerned = one.kind === 'port' ? before['binding:host_id'] === one.host : dhcp && server === one.host;
            if (concerned) words.set(`${one.host} ${key}`, report);
          } else if (one.do === 'no dhcp') {
            await cloud.pipeline.update(subnets, cloud.admin, subnet_id, { subnet: { enable_dhcp: false } });
            dhcp = false;
          } else {
            await cloud.pipeline.update(ports, cloud.admin, id, { port: one.attributes }).catch((error: unknown) => {
              if (!(error instanceof ApiError) || error.status >= 500) throw error;
            });
            const after = await cloud.pipeline.show(ports, cloud.admin, id);
            // What a host said of a port goes when the port leaves it.
            if (after['binding:host_id'] !== before['binding:host_id']) words.delete(`${before['binding:host_id']} port/${id}`);
          }
          const row = await cloud.pipeline.show(ports, cloud.admin, id);
          const host = String(row['binding:host_id']);
          const [wish, lease] = [(await objectsOf(host)).get(`port/${id}`), (await objectsOf(server)).get(`lease/${id}`)];
          const l2 = words.get(`${host} port/${id}`);
          const word = words.get(`${server} lease/${id}`);
          const needed = dhcp && (row.fixed_ips as unknown[]).length > 0;
          const leased = !needed || (word !== undefined && word.error === null && word.digest === lease?.digest);
          const expected =
            !row.admin_state_up || row['binding:vif_type'] !== 'bridge' || l2 === undefined || l2.error !== null
              ? 'DOWN'
              : l2.digest === wish?.digest && leased
                ? 'ACTIVE'
                : 'BUILD';
          expect(row.status, JSON.stringify(one)).toBe(expected);
          seen.add(row.status);
        }
        await cloud.pipeline.delete(ports, cloud.admin, id);
        await cloud.pipeline.delete(networks, cloud.admin, network_id);
      }),
      { numRuns: 50 },
    );
    expect(seen).toEqual(new Set(['ACTIVE', 'BUILD', 'DOWN']));
  });

  test('where no host serves DHCP, nobody is waited for', async () => {
    const { id, network_id } = await world();
    await cloud.pipeline.write(system, (work) => work.tx.run('DELETE FROM dhcp_bindings WHERE network_id = ?', network_id));
    const wish = (await objectsOf('one')).get(`port/${id}`);
    await say('one', { key: `port/${id}`, digest: String(wish?.digest), error: null });
    expect(await statusOf(id)).toBe('ACTIVE');
  });

  test('of two hosts that report at once, both are heard', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 10; round++) {
      const first = await world('one');
      // The next network is served by the other host, the one with fewer.
      const { id, server } = first.server === 'one' ? await world('two') : first;
      const bound = first.server === 'one' ? 'two' : 'one';
      const other = server === bound ? undefined : server;
      const [port, lease] = [(await objectsOf(bound)).get(`port/${id}`), (await objectsOf(server)).get(`lease/${id}`)];
      const report = ({ key, digest }: DesiredObject): HostReport => ({ key, digest, error: null });
      if (!port || !lease) throw new Error('the hosts do not have what they are to report');
      await Promise.all([say(bound, report(port)), say(other ?? server, report(lease))]);
      expect(await statusOf(id)).toBe('ACTIVE');
    }
  });

  test('a host is not heard on what does not concern it', async () => {
    const { id, network_id } = await world('one');
    const { id: alone } = await cloud.make(networks, {});
    await cloud.make(subnets, { network_id: alone, cidr: '10.9.0.0/24', ip_version: 4, enable_dhcp: false });
    const { id: elsewhere } = await cloud.make(ports, { network_id: alone, 'binding:host_id': 'one' });
    const digest = (await objectsOf('one')).get(`port/${id}`)?.digest ?? '';
    const before = await kept('two');
    const strange = [
      `port/${id}`,
      `port/${elsewhere}`,
      `lease/${elsewhere}`,
      `peer/${elsewhere}`,
      `network/${alone}`,
      `dhcp/${alone}`,
      `flood/${alone}/one`,
      `port/${id}/more`,
      'port/',
      'port',
      '',
      'nonsense/x',
      "port/' OR 1=1 --",
      `PORT/${id}`,
    ];
    await say('two', ...strange.map((key) => ({ key, digest, error: null })));
    expect(await kept('two')).toEqual(before);
    await say('one', { key: `port/${id}/more`, digest, error: null }, { key: `network/${network_id}/more`, digest, error: null });
    expect((await kept('one')).filter(({ object_key }) => object_key.endsWith('/more'))).toEqual([]);
    expect(await statusOf(id)).toBe('DOWN');
    await say('unknown host', { key: `port/${id}`, digest, error: null });
    expect(await kept('unknown host')).toEqual([]);
    expect(await statusOf(elsewhere)).toBe('DOWN');
  });

  test('what was said of a port goes with it', async () => {
    const { id, server } = await world('one');
    await say('one', { key: `port/${id}`, digest: 'x', error: null });
    await say(server, { key: `lease/${id}`, digest: 'x', error: null }, { key: `peer/${id}`, digest: 'x', error: null });
    await cloud.pipeline.delete(ports, cloud.admin, id);
    expect(await cloud.store.read.all('SELECT object_key FROM reports WHERE object_key LIKE ?', `%${id}`)).toEqual([]);
  });
});
