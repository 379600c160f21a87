// Steps 11 and 12: what hosts report, and the status of ports that follows. A report counts only from a host that the object concerns, and only
// for the digest that the rows have now.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { follow } from '#core/resource.ts';
import { timestamp } from '#core/work.ts';
import { port } from '#resources/port/schema.ts';
import { portStatus, type Word } from '#resources/port/status.ts';
import { subnet } from '#resources/subnet/schema.ts';
import type { DesiredObject } from './objects.ts';
import { leaseObject, portObject } from './project.ts';
import { type PortRow, portRow } from './rows.ts';

export interface HostReport {
  readonly key: string;
  readonly digest: string;
  readonly error: string | null;
}

interface StoredReport extends HostReport {
  readonly host: string;
}

type Port = Row<(typeof port)['attributes']>;
type Subnet = Row<(typeof subnet)['attributes']>;

/** Takes a host's reports and brings the statuses of the ports they are about up to date. Keys that do not concern the host are passed over. */
export async function acceptReports(context: Context, host: string, reports: readonly HostReport[]): Promise<void> {
  const ports = new Set<string>();
  for (const { key, digest, error } of reports) {
    const [kind = '', id = '', other] = key.split('/');
    if (key !== `${kind}/${id}${kind === 'flood' ? `/${other}` : ''}` || !(await isOf(context, host, kind, id))) continue;
    await context.tx.run(
      `INSERT INTO reports (host, object_key, digest, error, reported_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (host, object_key) DO UPDATE SET digest = excluded.digest, error = excluded.error, reported_at = excluded.reported_at`,
      host,
      key,
      digest,
      error?.replaceAll('\0', '\uFFFD') ?? null,
      timestamp(new Date()),
    );
    if (kind === 'port' || kind === 'lease') ports.add(id);
  }
  // In one order, so that hosts which report of the same ports do not wait for each other in a circle.
  for (const id of [...ports].sort()) await settleStatus(context, id);
}

/** Whether a host has a say in an object: the port is bound to it, or it serves or has the network. */
async function isOf({ tx }: Context, host: string, kind: string, id: string): Promise<boolean> {
  const found = await (kind === 'port'
    ? tx.get('SELECT 1 AS yes FROM ports WHERE id = ? AND binding_host_id = ?', id, host)
    : kind === 'lease'
      ? tx.get('SELECT 1 AS yes FROM ports p JOIN dhcp_bindings b ON b.network_id = p.network_id WHERE p.id = ? AND b.host = ?', id, host)
      : kind === 'dhcp'
        ? tx.get('SELECT 1 AS yes FROM dhcp_bindings WHERE network_id = ? AND host = ?', id, host)
        : kind === 'network' || kind === 'flood'
          ? tx.get('SELECT 1 AS yes FROM network_hosts WHERE network_id = ? AND host = ?', id, host)
          : kind === 'peer'
            ? tx.get(
                'SELECT 1 AS yes FROM ports p JOIN network_hosts h ON h.network_id = p.network_id WHERE p.id = ? AND h.host = ?',
                id,
                host,
              )
            : undefined);
  return found !== undefined;
}

/** Computes a port's status anew and stores it if it changed. A status is news, not wiring: no host is woken. */
export async function settleStatus(context: Context, id: string): Promise<void> {
  const { tx } = context;
  // Locked, so that of two hosts that report at once the second one sees what the first one said.
  const row = await portRow(tx, id, true);
  if (!row) return;
  const reports = await tx.all<StoredReport>(
    'SELECT host, object_key AS key, digest, error FROM reports WHERE object_key IN (?, ?)',
    `port/${id}`,
    `lease/${id}`,
  );
  const wired = portObject(row, row.host);
  const word = (object: DesiredObject | undefined, report: HostReport | undefined): Word | undefined =>
    report && { current: report.digest === object?.digest, error: report.error };
  const status = portStatus({
    admin_state_up: row.admin_state_up === 1,
    bound: wired !== undefined,
    l2: word(
      wired,
      reports.find((report) => report.host === row.host && report.key === wired?.key),
    ),
    dhcp: await dhcpWords(context, row, reports),
  });
  const changed = await tx.run(
    'UPDATE ports SET status = ?, revision_number = revision_number + 1, updated_at = ? WHERE id = ? AND status <> ?',
    status,
    context.now,
    id,
    status,
  );
  if (changed === 1) await context.note('port', id, 'status', []);
}

async function dhcpWords({ tx }: Context, row: PortRow, reports: readonly StoredReport[]): Promise<Word[] | undefined> {
  const lease = leaseObject(row);
  if (!lease) return undefined;
  const served = await tx.get(
    "SELECT 1 AS yes FROM subnets WHERE network_id = ? AND enable_dhcp = 1 AND COALESCE(ipv6_address_mode, '') <> 'slaac' LIMIT 1",
    row.network_id,
  );
  if (!served) return undefined;
  const hosts = await tx.all<{ host: string }>('SELECT host FROM dhcp_bindings WHERE network_id = ?', row.network_id);
  // No host serves the network, by an operator's wish or for want of an agent: no word will come.
  if (hosts.length === 0) return undefined;
  const words: Word[] = [];
  for (const { host } of hosts) {
    const report = reports.find((one) => one.host === host && one.key === lease.key);
    if (report) words.push({ current: report.digest === lease.digest, error: report.error });
  }
  return words;
}

async function settleWaiting(context: Context, networkId: string): Promise<void> {
  const waiting = await context.tx.all<{ id: string }>(
    "SELECT id FROM ports WHERE network_id = ? AND status = 'BUILD' ORDER BY id",
    networkId,
  );
  for (const { id } of waiting) await settleStatus(context, id);
}

/** What of a port its wiring is made of. */
const WIRING = [
  'mac_address',
  'admin_state_up',
  'device_owner',
  'fixed_ips',
  'extra_dhcp_opts',
  'dns_name',
  'binding:host_id',
  'binding:vif_type',
] as const;

export const statusFollows = [
  follow({
    resource: port,
    what: 'a port whose wiring changes is ACTIVE again when its hosts have applied the change; what they said of a port goes with it',
    updated: async (context, before: Port, after: Port) => {
      if (before['binding:host_id'] !== after['binding:host_id'] && before['binding:host_id'] !== '') {
        await context.tx.run('DELETE FROM reports WHERE host = ? AND object_key = ?', before['binding:host_id'], `port/${after.id}`);
      }
      const rewired = WIRING.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
      if (rewired) await settleStatus(context, after.id);
    },
    deleted: async (context, row: Port) => {
      await context.tx.run('DELETE FROM reports WHERE object_key IN (?, ?, ?)', `port/${row.id}`, `lease/${row.id}`, `peer/${row.id}`);
    },
  }),
  follow({
    resource: subnet,
    what: 'a port that waited for a DHCP server is ACTIVE when none is needed any more',
    updated: async (context, before: Subnet, after: Subnet) => {
      if (before.enable_dhcp && !after.enable_dhcp) await settleWaiting(context, after.network_id);
    },
    deleted: (context, row: Subnet) => settleWaiting(context, row.network_id),
  }),
];
