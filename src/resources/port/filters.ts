// How ports are found by their addresses: `fixed_ips=ip_address=…`, `fixed_ips=subnet_id=…`, `fixed_ips=ip_address_substr=…`.
import { canonicalAddress } from '#core/convert.ts';

interface Condition {
  readonly sql: string;
  readonly params: readonly string[];
}

/** Any of the values within a kind, all kinds together; kinds that mean nothing are passed over, and none at all filters nothing. */
export function filterByFixedIps(wanted: Readonly<Record<string, readonly string[]>>): Condition | undefined {
  const conditions: Condition[] = [];
  const holds = (sql: string, params: readonly string[]) =>
    conditions.push({ sql: `r.id IN (SELECT a.port_id FROM ip_allocations a WHERE ${sql})`, params });
  const marks = (values: readonly string[]): string => values.map(() => '?').join(', ');
  const { ip_address, subnet_id, ip_address_substr } = wanted;
  if (ip_address) holds(`a.ip_address IN (${marks(ip_address)})`, ip_address.map(canonicalAddress));
  if (subnet_id) holds(`a.subnet_id IN (${marks(subnet_id)})`, subnet_id);
  if (ip_address_substr) {
    const escaped = ip_address_substr.map((part) => `%${part.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`);
    const like = escaped.map(() => "a.ip_address LIKE ? ESCAPE '\\'").join(' OR ');
    // No index finds a part: only the addresses of ports that the other conditions leave are looked at.
    conditions.push({ sql: `EXISTS (SELECT 1 FROM ip_allocations a WHERE a.port_id = r.id AND (${like}))`, params: escaped });
  }
  if (conditions.length === 0) return undefined;
  return {
    sql: conditions.map((condition) => condition.sql).join(' AND '),
    params: conditions.flatMap((condition) => condition.params),
  };
}
