// What must be true of a database whatever happened to the servers that wrote it. Answers every breach in words; an empty list is the law kept.
import { toNumber } from '#ipam/address.ts';
import { resources } from '#resources/index.ts';
import type { Reader } from '#store/store.ts';

interface Port {
  readonly id: string;
  readonly network_id: string;
  readonly project_id: string;
  readonly fixed_ips: string;
  readonly device_owner: string;
  readonly host: string;
  readonly vif: string;
  readonly revision: number;
}
interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}
interface Entry {
  readonly kind: string;
  readonly id: string;
  readonly action: string;
  readonly scopes: string;
}

/** Looks at the whole database, which nobody writes meanwhile. `tunnelIds`: as configured. */
export async function breaches(store: Reader, tunnelIds: Interval): Promise<string[]> {
  const found: string[] = [];
  const ports = await store.all<Port>(
    `SELECT id, network_id, project_id, fixed_ips, device_owner, binding_host_id AS host, binding_vif_type AS vif,
       revision_number AS revision FROM ports`,
  );
  found.push(...(await addresses(store, ports)), ...(await pools(store, tunnelIds)));
  found.push(...(await counts(store, ports)), ...(await journal(store)), ...(await orphans(store)));
  return found;
}

/** Two sets of texts that must be the same. */
function same(what: string, left: Iterable<string>, right: Iterable<string>): string[] {
  const [a, b] = [new Set(left), new Set(right)];
  return [
    ...[...a].filter((one) => !b.has(one)).map((one) => `${what}: ${one} only on the left`),
    ...[...b].filter((one) => !a.has(one)).map((one) => `${what}: ${one} only on the right`),
  ];
}

async function addresses(store: Reader, ports: readonly Port[]): Promise<string[]> {
  const held = await store.all<{ subnet_id: string; ip_address: string; port_id: string; network_id: string }>(
    'SELECT * FROM ip_allocations',
  );
  const shown = ports.flatMap(({ id, network_id, fixed_ips }) =>
    (JSON.parse(fixed_ips) as { subnet_id: string; ip_address: string }[]).map((ip) => ({ id, network_id, ...ip })),
  );
  const twice = new Map<string, string>();
  const found: string[] = [];
  for (const { id, subnet_id, ip_address } of shown) {
    const other = twice.get(`${subnet_id} ${ip_address}`);
    if (other !== undefined) found.push(`address ${ip_address} of ${subnet_id} is port ${other}'s and port ${id}'s`);
    twice.set(`${subnet_id} ${ip_address}`, id);
  }
  return [
    ...found,
    ...same(
      "allocations and ports' addresses",
      held.map(({ port_id, network_id, subnet_id, ip_address }) => `${port_id} ${network_id} ${subnet_id} ${ip_address}`),
      shown.map(({ id, network_id, subnet_id, ip_address }) => `${id} ${network_id} ${subnet_id} ${ip_address}`),
    ),
  ];
}

/** Free ranges and what is taken make up each pool, without overlap; where one server writes, free ranges do not touch either. */
async function pools(store: Reader, tunnelIds: Interval): Promise<string[]> {
  const wanted = new Map<string, Interval[]>();
  const taken = new Map<string, bigint[]>();
  for (const { id, allocation_pools } of await store.all<{ id: string; allocation_pools: string }>(
    'SELECT id, allocation_pools FROM subnets',
  )) {
    const ranges = JSON.parse(allocation_pools) as { start: string; end: string }[];
    wanted.set(
      `subnet/${id}`,
      ranges.map(({ start, end }) => ({ first: toNumber(start), last: toNumber(end) })),
    );
    const rows = await store.all<{ ip_address: string }>('SELECT ip_address FROM ip_allocations WHERE subnet_id = ?', id);
    taken.set(
      `subnet/${id}`,
      rows.map(({ ip_address }) => toNumber(ip_address)),
    );
  }
  for (const type of ['vxlan', 'gre', 'geneve']) {
    wanted.set(type, [tunnelIds]);
    const rows = await store.all<{ id: number }>('SELECT segmentation_id AS id FROM network_segments WHERE network_type = ?', type);
    taken.set(
      type,
      rows.map(({ id }) => BigInt(id)),
    );
  }
  const free = new Map<string, Interval[]>();
  for (const row of await store.all<{ pool: string; first: string; last: string }>('SELECT pool, first, last FROM free_ranges')) {
    const range = { first: BigInt(`0x${row.first}`), last: BigInt(`0x${row.last}`) };
    free.set(row.pool, [...(free.get(row.pool) ?? []), range]);
  }
  const found = [...free.keys()].filter((pool) => !wanted.has(pool)).map((pool) => `free numbers of a pool that is not: ${pool}`);
  for (const [pool, ranges] of wanted) {
    const outside = (value: bigint) => !ranges.some(({ first, last }) => first <= value && value <= last);
    const pieces = (taken.get(pool) ?? []).filter((value) => !outside(value)).map((value) => ({ first: value, last: value }));
    const joined = merged([...(free.get(pool) ?? []), ...pieces], (a, b) => found.push(`pool ${pool}: ${show(a)} and ${show(b)} overlap`));
    found.push(...same(`pool ${pool} and what is free and taken of it`, merged(ranges).map(show), joined.map(show)));
    // Two servers that give back neighbours at once see each other's too late.
    if (store.dialect.name === 'postgres') continue;
    merged(
      free.get(pool) ?? [],
      () => undefined,
      (a, b) => found.push(`pool ${pool}: free ${show(a)} and ${show(b)} touch`),
    );
  }
  return found;
}

const show = ({ first, last }: Interval): string => `${first}-${last}`;

function merged(
  intervals: readonly Interval[],
  overlap: (a: Interval, b: Interval) => void = () => undefined,
  touch: (a: Interval, b: Interval) => void = () => undefined,
): Interval[] {
  const answer: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => (a.first < b.first ? -1 : 1))) {
    const last = answer.at(-1);
    if (last !== undefined && next.first <= last.last) overlap(last, next);
    if (last !== undefined && next.first === last.last + 1n) touch(last, next);
    if (last === undefined || next.first > last.last + 1n) answer.push(next);
    else if (next.last > last.last) answer[answer.length - 1] = { first: last.first, last: next.last };
  }
  return answer;
}

/** Counters are the numbers of what they count. */
async function counts(store: Reader, ports: readonly Port[]): Promise<string[]> {
  const usage = await store.all<{ project_id: string; resource: string; used: number }>('SELECT * FROM quota_usage WHERE used <> 0');
  const owned: string[] = [];
  for (const { resource } of resources) {
    if (resource.quota === undefined) continue;
    const rows = await store.all<{ project_id: string; n: number }>(
      `SELECT project_id, COUNT(*) AS n FROM ${resource.table} WHERE project_id <> '' GROUP BY project_id`,
    );
    owned.push(...rows.map(({ project_id, n }) => `${project_id} ${resource.name} ${n}`));
  }
  const onHosts = new Map<string, number>();
  for (const { network_id, host, vif } of ports) {
    if (host === '' || vif === 'unbound' || vif === 'binding_failed') continue;
    onHosts.set(`${network_id} ${host}`, (onHosts.get(`${network_id} ${host}`) ?? 0) + 1);
  }
  const presence = await store.all<{ network_id: string; host: string; ports: number }>('SELECT * FROM network_hosts');
  return [
    ...same(
      'quota usage and rows',
      usage.map(({ project_id, resource, used }) => `${project_id} ${resource} ${used}`),
      owned,
    ),
    ...same(
      'networks on hosts and bound ports',
      presence.map(({ network_id, host, ports: n }) => `${network_id} ${host} ${n}`),
      [...onHosts].map(([key, n]) => `${key} ${n}`),
    ),
  ];
}

/** Every row began and every change of it was noted; what the journal says is gone is gone; nothing is noted that never was. */
async function journal(store: Reader): Promise<string[]> {
  const entries = await store.all<Entry>('SELECT kind, object_id AS id, action, scopes FROM journal ORDER BY position');
  const found: string[] = [];
  for (const kind of ['network', 'subnet', 'port']) {
    const rows = new Map(
      (await store.all<{ id: string; revision: number }>(`SELECT id, revision_number AS revision FROM ${kind}s`)).map((row) => [
        row.id,
        row.revision,
      ]),
    );
    const stories = new Map<string, string[]>();
    for (const entry of entries) {
      if (entry.kind === kind) stories.set(entry.id, [...(stories.get(entry.id) ?? []), entry.action]);
      // A network's list of subnets is part of it.
      const network = /^network:(.+)$/.exec(entry.scopes.slice(2, -2))?.[1];
      if (kind === 'network' && entry.kind === 'subnet' && network !== undefined && entry.action !== 'update') {
        stories.set(network, [...(stories.get(network) ?? []), 'update']);
      }
    }
    for (const [id, story] of stories) {
      const alive = rows.get(id);
      if (story[0] !== 'create') found.push(`${kind} ${id}: the journal begins with ${story[0]}`);
      if (
        story.filter((action) => action === 'create' || action === 'delete').join() !== (alive === undefined ? 'create,delete' : 'create')
      ) {
        found.push(`${kind} ${id} is ${alive === undefined ? 'gone' : 'there'}, and the journal says ${story.join()}`);
      }
      const changes = story.filter((action) => action === 'update' || action === 'status').length;
      if (alive !== undefined && alive !== changes) found.push(`${kind} ${id} has revision ${alive} and ${changes} changes in the journal`);
    }
    for (const id of rows.keys()) if (!stories.has(id)) found.push(`${kind} ${id} is not in the journal`);
  }
  return found;
}

/** Rows that stand for parts of others have these others. */
async function orphans(store: Reader): Promise<string[]> {
  const queries: Readonly<Record<string, string>> = {
    'segment without a network': 'SELECT id FROM network_segments WHERE network_id NOT IN (SELECT id FROM networks)',
    'network without a segment': 'SELECT id FROM networks WHERE id NOT IN (SELECT network_id FROM network_segments)',
    'sharing of no network': "SELECT id FROM rbac_policies WHERE object_type = 'network' AND object_id NOT IN (SELECT id FROM networks)",
    'subnet without a network': 'SELECT id FROM subnets WHERE network_id NOT IN (SELECT id FROM networks)',
    'port without a network': 'SELECT id FROM ports WHERE network_id NOT IN (SELECT id FROM networks)',
    'DHCP server without its port':
      'SELECT network_id AS id FROM dhcp_bindings WHERE port_id IS NOT NULL AND port_id NOT IN (SELECT id FROM ports)',
    'DHCP port without its server':
      "SELECT id FROM ports WHERE device_owner = 'network:dhcp' AND id NOT IN (SELECT port_id FROM dhcp_bindings WHERE port_id IS NOT NULL)",
  };
  const found: string[] = [];
  for (const [what, sql] of Object.entries(queries)) {
    for (const { id } of await store.all<{ id: string }>(sql)) found.push(`${what}: ${id}`);
  }
  return found;
}
