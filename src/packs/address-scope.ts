// What a network says of address scopes: that of its subnets of each IP version, which is one.
import { t } from '#core/attributes.ts';

const scopeOf = (version: 4 | 6) =>
  t
    .id(`The address scope of its IPv${version} subnets.`)
    .nullable()
    .readOnly()
    .derived(
      `(SELECT p.address_scope_id FROM subnets s JOIN subnetpools p ON p.id = s.subnetpool_id
        WHERE s.network_id = r.id AND s.ip_version = ${version} AND p.address_scope_id IS NOT NULL ORDER BY p.address_scope_id LIMIT 1)`,
    )
    .extension('address-scope');

export const scopedNetwork = { ipv4_address_scope: scopeOf(4), ipv6_address_scope: scopeOf(6) };
