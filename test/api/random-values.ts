// What random tests throw at the server, and what they hold it to afterwards.
import fc from 'fast-check';
import { expect } from 'vitest';
import { declaredErrors, statusOf } from '#core/errors.ts';
import type { Resource } from '#core/resource.ts';
import { type Cloud, NOWHERE, type Reply } from './cloud.ts';

/** Texts that mean something to some part of the server, right or nearly so. */
const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    '\0',
    '\ud800',
    '%',
    "'; DROP TABLE ports; --",
    '*',
    '..',
    '__proto__',
    'constructor',
    'null',
    'None',
    'true',
    '-1',
    '1e9',
    '9'.repeat(40),
  ],
  ...[
    '10.0.0.0/24',
    '10.0.0.5',
    '10.0.0.0/0',
    '0.0.0.0/0',
    '::/0',
    '2001:db8::/64',
    '::ffff:10.0.0.1',
    '2001:db8::1%eth0',
    '010.0.0.1',
    '256.1.1.1',
    '::/129',
    '/',
  ],
  ...[
    'fa:16:3e:00:00:01',
    'ff:ff:ff:ff:ff:ff',
    'vlan',
    'vxlan',
    'flat',
    'slaac',
    'dhcpv6-stateful',
    'network:dhcp',
    'compute:nova',
    'host',
    'asc',
    'desc',
  ],
  ...[
    'ip_address=10.0.0.5',
    'subnet_id=x',
    '=',
    'ip_address_substr=%',
    NOWHERE,
    'x'.repeat(300),
    '\u{1F600}',
    'a\nb',
    '2030-01-01T00:00:00Z',
  ],
);
/** Any text, mostly an odd one. */
export const text = fc.oneof({ weight: 4, arbitrary: odd }, fc.string({ unit: 'binary', maxLength: 20 }));
const scalar = fc.oneof(text, fc.boolean(), fc.constant(null), fc.integer(), fc.double(), fc.maxSafeInteger());
/** Of the lists that attributes hold. */
const item = fc.dictionary(
  fc.constantFrom('start', 'end', 'ip_address', 'subnet_id', 'destination', 'nexthop', 'opt_name', 'opt_value', 'ip_version'),
  scalar,
  { maxKeys: 3 },
);
/** Anything JSON can say, much of it in the shape of something. */
export const value = fc.oneof(
  { weight: 3, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  item,
  fc.array(item, { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 3 }),
);
/** Nested deeper than any parser should follow. */
export const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

/** A resource's attributes, and names that are none. */
export const names = (resource: Resource): string[] => [...resource.field.keys(), 'tenant_id', 'bogus', '__proto__'];

/** Fails unless the answer is one that clients of the API understand. */
export function check(answer: Reply, what: string): void {
  if (answer.status < 400) return;
  // The one refusal that is plain text: an extension that is not served.
  if (answer.status === 404 && /^GET \/v2\.0\/extensions\//.test(what)) return;
  const { type, message, detail } = (answer.body as { NeutronError?: Record<string, unknown> } | undefined)?.NeutronError ?? {};
  const declared = declaredErrors.get(String(type));
  if (answer.status === 500 && declared?.kind !== 'failed') throw new Error(`${what}: ${answer.status} ${answer.text}`);
  expect({ what, status: answer.status, type, detail }).toEqual({ what, status: declared && statusOf[declared.kind], type, detail: '' });
  expect(typeof message).toBe('string');
}

/** Every reference leads to a row, and every list that is kept in a table stands there as it stands in its row. */
async function references({ store: { read }, registry }: Cloud): Promise<void> {
  for (const resource of registry.all.filter(({ table }) => !table.startsWith('('))) {
    for (const { name, sqlName, column, ref } of resource.fields) {
      const target = ref && registry.byName(ref.resource);
      if (!target || column !== 'text' || target.table.startsWith('(')) continue;
      const lost = await read.all(
        // PARENT is the group that a rule will be in.
        `SELECT r.id FROM ${resource.table} r WHERE r.${sqlName} NOT IN ('', 'PARENT') AND r.${sqlName} NOT IN (SELECT id FROM ${target.table})`,
      );
      expect([resource.name, name, lost]).toEqual([resource.name, name, []]);
    }
    for (const { sqlName, keptIn } of resource.lists) {
      if (!keptIn) continue;
      const { table, owner, value: element } = keptIn;
      const rows = await read.all<{ id: string; list: string }>(`SELECT id, ${sqlName} AS list FROM ${resource.table}`);
      const kept = await read.all<{ id: string; value: string }>(`SELECT ${owner} AS id, ${element} AS value FROM ${table}`);
      const ids = new Set(rows.map(({ id }) => id));
      const said = rows.flatMap(({ id, list }) => (JSON.parse(list) as string[]).map((one) => `${id} ${one}`));
      expect(
        kept
          .filter(({ id }) => ids.has(id))
          .map((one) => `${one.id} ${one.value}`)
          .sort(),
      ).toEqual(said.sort());
    }
  }
}

/** What must hold whatever happened. */
export async function invariants(cloud: Cloud): Promise<void> {
  const { store, registry } = cloud;
  const { read } = store;
  await references(cloud);
  const count = async (sql: string) => (await read.get<{ n: number }>(sql))?.n;
  const counted = await read.all<{ project_id: string; resource: string; used: number }>(
    'SELECT project_id, resource, used FROM quota_usage',
  );
  for (const { project_id, resource, used } of counted) {
    const table = registry.byName(resource)?.table;
    const rows = await read.get<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE project_id = ?`, project_id);
    expect({ resource, project_id, used }).toEqual({ resource, project_id, used: rows?.n });
  }
  const ports = await read.all<{ id: string; fixed_ips: string }>('SELECT id, fixed_ips FROM ports');
  const held = ports.flatMap(({ id, fixed_ips }) =>
    (JSON.parse(fixed_ips) as { subnet_id: string; ip_address: string }[]).map((one) => `${one.subnet_id} ${one.ip_address} ${id}`),
  );
  const allocated = await read.all<{ subnet_id: string; ip_address: string; port_id: string }>(
    'SELECT subnet_id, ip_address, port_id FROM ip_allocations',
  );
  expect(held.sort()).toEqual(allocated.map((one) => `${one.subnet_id} ${one.ip_address} ${one.port_id}`).sort());
  const placed = `SELECT COUNT(*) AS n FROM ports p LEFT JOIN port_bindings b ON b.port_id = p.id AND b.status = 'ACTIVE'
    AND b.host = p.binding_host_id AND b.vnic_type = p.binding_vnic_type AND b.profile = p.binding_profile
    AND b.vif_type = p.binding_vif_type AND b.vif_details = p.binding_vif_details
    WHERE p.device_owner LIKE 'compute:%' AND p.binding_host_id <> '' AND b.id IS NULL`;
  expect(await count(placed)).toBe(0);
  expect(await count('SELECT COUNT(*) AS n FROM network_segments WHERE network_id NOT IN (SELECT id FROM networks)')).toBe(0);
  expect(
    await count("SELECT COUNT(*) AS n FROM rbac_policies WHERE object_type = 'network' AND object_id NOT IN (SELECT id FROM networks)"),
  ).toBe(0);
  expect(
    await count("SELECT COUNT(*) AS n FROM free_ranges WHERE pool LIKE 'subnet/%' AND SUBSTR(pool, 8) NOT IN (SELECT id FROM subnets)"),
  ).toBe(0);
}
