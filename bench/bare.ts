// The limit that the API's benchmarks are measured against: the least that a Fastify and node:sqlite program can do to keep ports. It inserts and
// selects the rows of a port and of its address in tables with the same indexes, with the same durability, one commit a request; it checks nothing, and
// keeps neither a journal nor pools nor quotas.
// Started by servers.ts as a process: bare.ts DATABASE.
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import Fastify from 'fastify';

type Row = Record<string, SQLInputValue>;

const FLAGS = ['admin_state_up', 'port_security_enabled'];
const LISTS = ['fixed_ips', 'extra_dhcp_opts', 'binding:profile', 'binding:vif_details', 'dns_assignment'];
/** Attributes as the API orders them, and the value each has when nobody gave one. */
const DEFAULTS: Readonly<Record<string, SQLInputValue>> = {
  id: '',
  name: '',
  project_id: 'bench',
  network_id: '',
  mac_address: '',
  admin_state_up: 1,
  status: 'DOWN',
  device_id: '',
  device_owner: '',
  fixed_ips: '[]',
  'binding:host_id': '',
  'binding:vnic_type': 'normal',
  'binding:profile': '{}',
  'binding:vif_type': 'unbound',
  'binding:vif_details': '{}',
  port_security_enabled: 1,
  extra_dhcp_opts: '[]',
  dns_name: '',
  dns_assignment: '[]',
  ip_allocation: 'immediate',
  description: '',
  created_at: '',
  updated_at: '',
  revision_number: 0,
};
const NAMES = Object.keys(DEFAULTS);
const quoted = NAMES.map((name) => `"${name}"`);

const db = new DatabaseSync(process.argv[2] ?? ':memory:');
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000;
  CREATE TABLE ports (${quoted.map((name) => (name === '"id"' ? '"id" TEXT PRIMARY KEY' : `${name} NOT NULL`)).join(', ')});
  CREATE UNIQUE INDEX ports_mac ON ports (network_id, mac_address);
  CREATE INDEX ports_network ON ports (network_id, id);
  CREATE INDEX ports_project ON ports (project_id, id);
  CREATE INDEX ports_device ON ports (device_id);
  CREATE TABLE addresses (subnet_id TEXT, ip_address TEXT, port_id TEXT, PRIMARY KEY (subnet_id, ip_address)) WITHOUT ROWID;
  CREATE INDEX addresses_port ON addresses (port_id);
  CREATE INDEX addresses_address ON addresses (ip_address);`);

const begin = db.prepare('BEGIN IMMEDIATE');
const commit = db.prepare('COMMIT');
const insertPort = db.prepare(`INSERT INTO ports (${quoted.join(', ')}) VALUES (${quoted.map(() => '?').join(', ')})`);
const insertAddress = db.prepare('INSERT INTO addresses (subnet_id, ip_address, port_id) VALUES (?, ?, ?)');
const select = db.prepare('SELECT * FROM ports WHERE id = ?');
const selectAll = db.prepare('SELECT * FROM ports ORDER BY id');
const rename = db.prepare('UPDATE ports SET name = ?, updated_at = ?, revision_number = revision_number + 1 WHERE id = ?');
const removePort = db.prepare('DELETE FROM ports WHERE id = ?');
const removeAddress = db.prepare('DELETE FROM addresses WHERE port_id = ?');

const subnet = randomUUID();
let addresses = 0;
const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

/** As the API answers it. */
function presented(row: Row): Record<string, unknown> {
  const port: Record<string, unknown> = { ...row };
  for (const name of FLAGS) port[name] = row[name] === 1;
  for (const name of LISTS) port[name] = JSON.parse(row[name] as string);
  port.tenant_id = row.project_id;
  return port;
}

function insert(given: Row): Record<string, unknown> {
  const id = randomUUID();
  const at = addresses++;
  const octets = [(at >> 16) & 255, (at >> 8) & 255, at & 255];
  const ip_address = `10.${octets.join('.')}`;
  const mac_address = `fa:16:3e:${octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`;
  const made = { id, mac_address, fixed_ips: JSON.stringify([{ subnet_id: subnet, ip_address }]), created_at: now(), updated_at: now() };
  const row: Row = { ...DEFAULTS, ...given, ...made };
  insertAddress.run(subnet, ip_address, id);
  insertPort.run(...NAMES.map((name) => row[name] as SQLInputValue));
  return presented(row);
}

function committed<T>(work: () => T): T {
  begin.run();
  const answer = work();
  commit.run();
  return answer;
}

type Body = { readonly port?: Row; readonly ports?: readonly Row[] };
type ById = { readonly Params: { readonly id: string }; readonly Body: Body };
const app = Fastify();
app.post<{ Body: Body }>('/v2.0/ports', async ({ body: { port, ports } }, reply) => {
  reply.code(201);
  return ports ? { ports: committed(() => ports.map(insert)) } : { port: committed(() => insert(port ?? {})) };
});
app.get('/v2.0/ports', async () => ({ ports: selectAll.all().map(presented) }));
app.get<ById>('/v2.0/ports/:id', async ({ params }) => ({ port: presented(select.get(params.id) as Row) }));
app.put<ById>('/v2.0/ports/:id', async ({ params, body: { port } }) => {
  committed(() => rename.run(port?.name ?? '', now(), params.id));
  return { port: presented(select.get(params.id) as Row) };
});
app.delete<ById>('/v2.0/ports/:id', async ({ params }, reply) => {
  committed(() => {
    removeAddress.run(params.id);
    removePort.run(params.id);
  });
  return reply.code(204).send();
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`ready at http://127.0.0.1:${(app.server.address() as AddressInfo).port}\n`);
process.once('SIGTERM', () => process.exit());
