// Groups, routers, floating IPs and long lists over HTTP, against the bare program with rows that look the same; and what a long list adds to the
// server's memory.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Kind } from './bare-kinds.ts';
import { askOnce, type Clients, type Served, startClients } from './clients.ts';
import { type Benchmark, compared, type Figure, median, type Sizes, scaled, type Target } from './figures.ts';
import type { Call } from './load.ts';
import { type BenchServer, makeNetwork, startBareKinds, startIsospin } from './servers.ts';

type Row = Record<string, unknown> & { readonly id: string };

/** One thing measured: what is asked of each side, and how often in a turn. */
interface Operation {
  readonly name: string;
  readonly count: number;
  readonly isospin: (n: number) => Call;
  readonly bare: (n: number) => Call;
  readonly target?: Target;
}

const half: Target = { of: 'ratio', most: 2 };
const get = (path: string): Call => ({ method: 'GET', path });
const post = (path: string, body: unknown): Call => ({ method: 'POST', path, body });
const put = (path: string, body: unknown): Call => ({ method: 'PUT', path, body });
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

export const whole: Benchmark = {
  name: 'whole',
  doc: 'groups with their rules, routers, floating IPs, long lists and large bulks',
  async run(sizes) {
    const clients = await startClients();
    const [isospin, bare] = [await startIsospin(), await startBareKinds()];
    try {
      const operations = await prepare(clients, isospin, bare, sizes);
      const figures: Figure[] = [];
      for (const operation of operations) figures.push(await measured(clients, isospin, bare, operation, sizes));
      return [...figures, await memoryOfList(clients, isospin, bare)];
    } finally {
      await clients.close();
      await isospin.close();
      await bare.close();
    }
  },
};

async function measured(clients: Clients, isospin: Served, bare: Served, operation: Operation, sizes: Sizes): Promise<Figure> {
  const { name, count, target } = operation;
  let asked = 0;
  const turn = async (served: Served, call: (n: number) => Call): Promise<number> =>
    median((await clients.well({ ...served, clients: 1, calls: many(count, (n) => call(asked + n)) })).times);
  const turns = [];
  for (let repetition = -1; repetition < sizes.repetitions * 2; repetition++) {
    const limit = await turn(bare, operation.bare);
    const value = await turn(isospin, operation.isospin);
    // The first turn is for both to be compiled.
    if (repetition >= 0) turns.push({ value, limit });
    asked += count;
  }
  return compared(name, 'ms', turns, 'bare', target);
}

/** Makes what is asked for on both sides. */
async function prepare(clients: Clients, isospin: Served, bare: Served, sizes: Sizes): Promise<Operation[]> {
  const made = async (kind: string, call: Call): Promise<Row> => (await askOnce<Record<string, Row>>(clients, isospin, call))[kind] as Row;
  const tell = async (kind: Kind): Promise<void> => {
    await askOnce(clients, bare, post('/kinds', kind));
  };
  const fill = async (kind: string, rows: readonly object[]): Promise<Row[]> => {
    const ids: Row[] = [];
    for (let at = 0; at < rows.length; at += 1_000)
      ids.push(...(await askOnce<Row[]>(clients, bare, post(`/${kind}`, rows.slice(at, at + 1_000)))));
    return ids;
  };
  const [groups, ports, rules, interfaces] = [
    scaled(sizes, 5_000, 10),
    scaled(sizes, 10_000, 20),
    scaled(sizes, 1_000, 10),
    scaled(sizes, 100, 3),
  ];

  // A group with 100 rules.
  const ruled = await made('security_group', post('/v2.0/security-groups', { security_group: { name: 'ruled' } }));
  const rule = (group: string, n: number) => ({
    security_group_id: group,
    direction: 'ingress',
    protocol: 'tcp',
    port_range_min: n + 1,
    port_range_max: n + 1,
  });
  await askOnce(clients, isospin, post('/v2.0/security-group-rules', { security_group_rules: many(98, (n) => rule(ruled.id, n)) }));
  const { security_group: shown } = await askOnce<{ security_group: Row }>(clients, isospin, get(`/v2.0/security-groups/${ruled.id}`));
  const [ruleLike] = shown.security_group_rules as Row[];
  await tell({ name: 'groups', like: shown, children: { kind: 'rules', shownAs: 'security_group_rules', by: 'security_group_id' } });
  await tell({ name: 'rules', like: ruleLike as Row });
  const [bareGroup] = await fill('groups', [{ name: 'ruled' }]);
  await fill(
    'rules',
    many(100, () => ({ security_group_id: bareGroup?.id })),
  );

  // Thousands of groups, each with the rules it is born with.
  for (let at = 0; at < groups; at += 500) {
    const bulk = { security_groups: many(Math.min(500, groups - at), (n) => ({ name: `group${at + n}` })) };
    await askOnce(clients, isospin, post('/v2.0/security-groups', bulk));
  }
  const bareGroups = await fill(
    'groups',
    many(groups, (n) => ({ name: `group${n}` })),
  );
  await fill(
    'rules',
    bareGroups.flatMap(({ id }) => [{ security_group_id: id }, { security_group_id: id }]),
  );
  // Lists show every group, so new ones for bulks of rules are made beforehand.
  const bulks = many(sizes.repetitions * 2 + 1, (n) => n);
  const fresh: string[] = [];
  for (const n of bulks)
    fresh.push((await made('security_group', post('/v2.0/security-groups', { security_group: { name: `fresh${n}` } }))).id);

  const network = await makeNetwork(clients, isospin, '10.0.0.0/16');
  for (let at = 0; at < ports; at += 500) {
    await askOnce(clients, isospin, post('/v2.0/ports', { ports: many(Math.min(500, ports - at), () => ({ network_id: network })) }));
  }
  const port = await made('port', post('/v2.0/ports', { port: { network_id: network } }));
  await tell({ name: 'ports', like: port });
  await fill(
    'ports',
    many(ports, () => ({})),
  );

  const external = await made('network', post('/v2.0/networks', { network: { name: 'out', 'router:external': true } }));
  const outside = { network_id: external.id, ip_version: 4, cidr: '172.16.0.0/16', enable_dhcp: false };
  await askOnce(clients, isospin, post('/v2.0/subnets', { subnet: outside }));
  const router = await made('router', post('/v2.0/routers', { router: { external_gateway_info: { network_id: external.id } } }));
  const { subnets } = await askOnce<{ subnets: Row[] }>(clients, isospin, get(`/v2.0/subnets?network_id=${network}`));
  await askOnce(clients, isospin, put(`/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnets[0]?.id }));
  for (let n = 1; n < interfaces; n++) {
    const other = await made('network', post('/v2.0/networks', { network: { name: `net${n}` } }));
    const cidr = { network_id: other.id, ip_version: 4, cidr: `192.168.${n}.0/24`, enable_dhcp: false };
    const subnet = await made('subnet', post('/v2.0/subnets', { subnet: cidr }));
    await askOnce(clients, isospin, put(`/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id }));
  }
  await tell({ name: 'routers', like: (await askOnce<{ router: Row }>(clients, isospin, get(`/v2.0/routers/${router.id}`))).router });
  const [bareRouter] = await fill('routers', [{ name: 'router' }]);
  const floating = await made('floatingip', post('/v2.0/floatingips', { floatingip: { floating_network_id: external.id } }));
  await tell({ name: 'floatingips', like: floating });
  const [bareFloating] = await fill('floatingips', [{ description: '' }]);

  return [
    {
      name: 'group with 100 rules shown',
      count: 100,
      target: half,
      isospin: () => get(`/v2.0/security-groups/${ruled.id}`),
      bare: () => get(`/groups/${bareGroup?.id}`),
    },
    {
      name: `${groups.toLocaleString('en')} groups listed with their rules`,
      count: 2,
      target: half,
      isospin: () => get('/v2.0/security-groups'),
      bare: () => get('/groups'),
    },
    {
      name: `${ports.toLocaleString('en')} ports listed`,
      count: 2,
      target: half,
      isospin: () => get('/v2.0/ports'),
      bare: () => get('/ports'),
    },
    {
      name: `router with ${interfaces} interfaces shown`,
      count: 200,
      target: half,
      isospin: () => get(`/v2.0/routers/${router.id}`),
      bare: () => get(`/routers/${bareRouter?.id}`),
    },
    {
      name: 'floating IP associated or let go',
      count: 50,
      isospin: (n) => put(`/v2.0/floatingips/${floating.id}`, { floatingip: { port_id: n % 2 === 0 ? port.id : null } }),
      bare: (n) => put(`/floatingips/${bareFloating?.id}`, { description: String(n) }),
    },
    {
      name: `${rules.toLocaleString('en')} rules created in one bulk`,
      count: 1,
      isospin: (n) => post('/v2.0/security-group-rules', { security_group_rules: many(rules, (at) => rule(fresh[n] ?? '', at)) }),
      bare: () =>
        post(
          '/rules',
          many(rules, (at) => ({ port_range_min: at })),
        ),
    },
  ];
}

/** Resident memory that one long list adds at its highest, in MiB. */
async function memoryOfList(clients: Clients, isospin: BenchServer, bare: BenchServer): Promise<Figure> {
  const grown = async (server: BenchServer, path: string): Promise<number> => {
    writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
    const before = resident(server.pid, 'VmRSS');
    await askOnceRaw(clients, server, path);
    return Math.max(0, resident(server.pid, 'VmHWM') - before);
  };
  const limit = await grown(bare, '/ports');
  return compared('memory added while the ports are listed', 'MiB', [{ value: await grown(isospin, '/v2.0/ports'), limit }], 'bare');
}

const askOnceRaw = (clients: Clients, server: BenchServer, path: string) => clients.well({ ...server, clients: 1, calls: [get(path)] });

const resident = (pid: number, what: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
