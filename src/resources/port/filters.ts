// How ports are found by their addresses: `fixed_ips=ip_address=…`, `fixed_ips=subnet_id=…`, `fixed_ips=ip_address_substr=…`.
import { canonicalAddress } from '#core/convert.ts';

interface Condition {
  readonly sql: string;
  readonly params: readonly string[];
}

/** Any of the values within a kind, all kinds together; kinds that mean nothing are passed over, and none at all filters nothing. */
export function filterByFixedIps(wanted: Readonly<Record<string, readonly string[]>>): Condition | undefined {
  const conditions: Condition[] = [];
  const marks = (values: readonly string[]): string => values.map(() => '?').join(', ');
  const { ip_address, subnet_id, ip_address_substr } = wanted;
  if (ip_address) conditions.push({ sql: `a.ip_address IN (${marks(ip_address)})`, params: ip_address.map(canonicalAddress) });
  if (subnet_id) conditions.push({ sql: `a.subnet_id IN (${marks(subnet_id)})`, params: subnet_id });
  if (ip_address_substr) {
    const escaped = ip_address_substr.map((part) => `%${part.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`);
    conditions.push({ sql: `(${escaped.map(() => "a.ip_address LIKE ? ESCAPE '\\'").join(' OR ')})`, params: escaped });
  }
  if (conditions.length === 0) return undefined;
  return {
    sql: conditions.map((condition) => `r.id IN (SELECT a.port_id FROM ip_allocations a WHERE ${condition.sql})`).join(' AND '),
    params: conditions.flatMap((condition) => condition.params),
  };
}
