// Whether other projects' rows show in what an operation costs: the same calls on two servers by turns, one of which holds 1,000 rows of every kind
// that belong to others, the other one 100,000. The rows are copied inside the database, which is what no client could do so fast.
import { DatabaseSync } from 'node:sqlite';
import { askOnce, type Clients, type Served, startClients } from './clients.ts';
import { type Benchmark, compared, type Figure, median, scaled } from './figures.ts';
import type { Call } from './load.ts';
import { type BenchIsospin, makeNetwork, startIsospin } from './servers.ts';

const EACH_TURN = 40;

/** What a project of its own has on each server, for the calls to be about. */
interface Place {
  readonly served: Served;
  readonly network: string;
  readonly subnet: string;
  readonly external: string;
  readonly port: string;
  readonly group: string;
}

interface Operation {
  readonly name: string;
  call(place: Place, n: number): Call;
  /** Path by which what was made is removed again, from its id. */
  readonly made?: { readonly key: string; readonly path: string };
}

const get = (path: string): Call => ({ method: 'GET', path: `/v2.0/${path}` });
const post = (path: string, body: object): Call => ({ method: 'POST', path: `/v2.0/${path}`, body });
const put = (path: string, body: object): Call => ({ method: 'PUT', path: `/v2.0/${path}`, body });
let names = 0;

const operations: readonly Operation[] = [
  {
    name: 'network create',
    call: () => post('networks', { network: { name: 'mine' } }),
    made: { key: 'network', path: 'networks' },
  },
  { name: 'network list of one', call: ({ network }) => get(`networks?id=${network}`) },
  { name: 'networks found by tag', call: () => get('networks?tags=bench') },
  {
    name: 'port create',
    call: ({ network }) => post('ports', { port: { network_id: network } }),
    made: { key: 'port', path: 'ports' },
  },
  { name: 'port show', call: ({ port }) => get(`ports/${port}`) },
  { name: 'port update', call: ({ port }) => put(`ports/${port}`, { port: { name: `name${names++}` } }) },
  { name: 'ports of a network', call: ({ network }) => get(`ports?network_id=${network}`) },
  { name: 'ports of a group', call: ({ group }) => get(`ports?security_groups=${group}`) },
  {
    name: 'group create',
    call: () => post('security-groups', { security_group: { name: 'mine' } }),
    made: { key: 'security_group', path: 'security-groups' },
  },
  { name: 'group show', call: ({ group }) => get(`security-groups/${group}`) },
  {
    name: 'rule create',
    call: ({ group }, n) =>
      post('security-group-rules', {
        security_group_rule: {
          security_group_id: group,
          direction: 'ingress',
          protocol: 'tcp',
          port_range_min: n + 1,
          port_range_max: n + 1,
        },
      }),
    made: { key: 'security_group_rule', path: 'security-group-rules' },
  },
  { name: 'router create', call: () => post('routers', { router: { name: 'mine' } }), made: { key: 'router', path: 'routers' } },
  {
    name: 'floating IP create',
    call: ({ external }) => post('floatingips', { floatingip: { floating_network_id: external } }),
    made: { key: 'floatingip', path: 'floatingips' },
  },
];

export const neighbours: Benchmark = {
  name: 'neighbours',
  doc: "operations beside 100,000 rows of other projects' of every kind, against 1,000",
  async run(sizes) {
    const clients = await startClients();
    const servers = [await startIsospin(), await startIsospin()] as const;
    try {
      const [few, many] = [scaled(sizes, 1_000, 10), scaled(sizes, 100_000, 100)];
      const places = [await prepare(clients, servers[0], few), await prepare(clients, servers[1], many)] as const;
      const figures: Figure[] = [];
      for (const operation of operations) {
        for (const place of places) await turn(clients, place, operation);
        const turns = [];
        for (let repetition = 0; repetition < sizes.repetitions * 2; repetition++) {
          const limit = await turn(clients, places[0], operation);
          turns.push({ value: await turn(clients, places[1], operation), limit });
        }
        figures.push(compared(operation.name, 'ms', turns, `${few.toLocaleString('en')} rows`, { of: 'ratio', most: 1.5 }));
      }
      return figures;
    } finally {
      await clients.close();
      for (const server of servers) await server.close();
    }
  },
};

/** Milliseconds that one call took, the median; what was made is removed again. */
async function turn(clients: Clients, place: Place, { call, made }: Operation): Promise<number> {
  const calls = Array.from({ length: EACH_TURN }, (_, n) => call(place, n));
  const { times, bodies } = await clients.well({ ...place.served, clients: 1, calls, keep: true });
  if (made) {
    const ids = bodies.map((body) => (JSON.parse(body) as Record<string, { id: string }>)[made.key]?.id ?? '');
    await clients.well({ ...place.served, clients: 8, calls: ids.map((id) => ({ method: 'DELETE', path: `/v2.0/${made.path}/${id}` })) });
  }
  return median(times);
}

async function prepare(clients: Clients, server: BenchIsospin, rows: number): Promise<Place> {
  const served = { port: server.port, token: server.token };
  const ask = async (kind: string, call: Call): Promise<string> =>
    (await askOnce<Record<string, { id: string }>>(clients, served, call))[kind]?.id ?? '';
  const network = await makeNetwork(clients, served, '10.0.0.0/16');
  await askOnce(clients, served, put(`networks/${network}/tags`, { tags: ['bench'] }));
  const { subnets } = await askOnce<{ subnets: { id: string }[] }>(clients, served, get(`subnets?network_id=${network}`));
  const external = await ask('network', post('networks', { network: { name: 'out', 'router:external': true } }));
  await ask('subnet', post('subnets', { subnet: { network_id: external, ip_version: 4, cidr: '172.16.0.0/12', enable_dhcp: false } }));
  const group = await ask('security_group', post('security-groups', { security_group: { name: 'bench' } }));
  const router = await ask('router', post('routers', { router: { name: 'bench' } }));
  const floating = await ask('floatingip', post('floatingips', { floatingip: { floating_network_id: external } }));
  const one = await ask('port', post('ports', { port: { network_id: network, security_groups: [group] } }));
  const subnet = subnets[0]?.id ?? '';
  const { security_group } = await askOnce<{ security_group: { security_group_rules: { id: string }[] } }>(
    clients,
    served,
    get(`security-groups/${group}`),
  );
  const rule = security_group.security_group_rules[0]?.id ?? '';
  copy(server.database, rows, { network, subnet, port: one, group, rule, router, floating });
  return { served, network, subnet, external, port: one, group };
}

/** Copies of the rows named, each of a project that is not the callers', referring to one another as they do. */
function copy(file: string, rows: number, ids: Readonly<Record<string, string>>): void {
  const db = new DatabaseSync(file);
  const id = (kind: string): string => `printf('%08x-${kind}-4000-8000-000000000000', n)`;
  const [network, subnet, port, group] = [id('0001'), id('0002'), id('0003'), id('0004')];
  const project = "'other-' || (n % 500)";
  const address = "printf('198.%d.%d.%d', n / 65536, n / 256 % 256, n % 256)";
  const tables: readonly (readonly [table: string, of: string, values: Readonly<Record<string, string>>])[] = [
    ['networks', `id = '${ids.network}'`, { id: network, project_id: project, tags: `'["common"]'` }],
    ['tags', `object_id = '${ids.network}'`, { object_id: network, tag: "'common'" }],
    ['subnets', `id = '${ids.subnet}'`, { id: subnet, network_id: network, project_id: project }],
    ['security_groups', `id = '${ids.group}'`, { id: group, project_id: project }],
    ['security_group_rules', `id = '${ids.rule}'`, { id: id('0005'), project_id: project, security_group_id: group }],
    ['ports', `id = '${ids.port}'`, { id: port, network_id: network, project_id: project }],
    ['ip_allocations', `port_id = '${ids.port}'`, { subnet_id: subnet, port_id: port, network_id: network }],
    ['port_security_groups', `port_id = '${ids.port}'`, { port_id: port, security_group_id: group }],
    ['routers', `id = '${ids.router}'`, { id: id('0006'), project_id: project }],
    ['floatingips', `id = '${ids.floating}'`, { id: id('0007'), project_id: project, floating_ip_address: address }],
  ];
  db.exec('PRAGMA busy_timeout = 60000; PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE');
  for (const [table, of, values] of tables) {
    const columns = (db.prepare('SELECT name FROM pragma_table_info(?)').all(table) as { name: string }[]).map(({ name }) => name);
    db.exec(
      `WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${rows})
       INSERT INTO ${table} (${columns.join()}) SELECT ${columns.map((name) => values[name] ?? name).join()} FROM ${table}, counted WHERE ${of}`,
    );
  }
  db.exec('COMMIT; ANALYZE');
  db.close();
}
