// What is checked of a port's traffic: whether at all, by which security groups, and which addresses besides its own it may send from. What the
// values mean is in resources/port/security.ts.
import ipaddr from 'ipaddr.js';
import { t } from '#core/attributes.ts';
import { noneToEmptyList } from '#core/convert.ts';
import { errorTable } from '#core/errors.ts';
import { requestErrors } from '#core/input.ts';
import { str } from '#core/python.ts';
import * as check from '#core/validate.ts';

export const pairErrors = errorTable({
  AllowedAddressPairsMissingIP: ['invalid', 'AllowedAddressPair must contain ip_address'],
  DuplicateAddressPairInRequest: ['invalid', 'Request contains duplicate address pair: mac_address {mac_address} ip_address {ip_address}.'],
});

/** An address, or a prefix, that a port may send from; its own MAC where none is given. */
export interface AddressPair {
  ip_address: string;
  mac_address?: string;
}

const bad = (reason: string): Error => requestErrors.HTTPBadRequest({ reason });

/** Each pair has an address, or a prefix, of single hosts; none is there twice. */
export const addressPairs: check.Validate = (value) => {
  if (!Array.isArray(value)) throw bad('Allowed address pairs must be a list.');
  for (const pair of value as unknown[]) {
    const wrong = check.object(pair);
    if (wrong !== undefined) return wrong;
    const { ip_address, mac_address, ...rest } = pair as Partial<AddressPair>;
    if (ip_address == null) throw pairErrors.AllowedAddressPairsMissingIP({});
    if (Object.hasOwn(pair as object, 'mac_address')) refuse(check.mac(mac_address));
    refuse(String(ip_address).includes('/') ? check.cidr(ip_address) : check.ipAddress(ip_address));
    if (Object.keys(rest).length > 0) throw bad(`Unrecognized attribute(s) '${Object.keys(rest).join(', ')}'`);
    if (isMulticast(ip_address)) return `'${ip_address}' is a multicast address`;
  }
  refuseTwice(value as AddressPair[]);
  return undefined;
};

function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw bad(reason);
}

const isMulticast = (address: string): boolean => ipaddr.parse(address.split('/')[0] ?? '').range() === 'multicast';

/** Refuses pairs of which two are the same. */
export function refuseTwice(pairs: readonly AddressPair[]): void {
  const seen = new Set<string>();
  for (const { ip_address, mac_address = null } of pairs) {
    const key = `${ip_address} ${mac_address}`;
    if (seen.has(key)) throw pairErrors.DuplicateAddressPairInRequest({ mac_address: str(mac_address), ip_address });
    seen.add(key);
  }
}

const text = { type: 'string' };

export const portSecurity = {
  port_security_enabled: t.bool('Whether its traffic is checked.').optional().mutable().policy().extension('port-security'),
  security_groups: t
    .json<string[]>(
      "Its security groups; its project's default one when left out.",
      { type: 'array', items: text },
      check.listOfUnique(check.uuid),
      noneToEmptyList,
    )
    .optional()
    .mutable()
    .keptIn('port_security_groups', 'port_id', 'security_group_id')
    .ref('security_group', 'restrict')
    .filter()
    .extension('security-group'),
  allowed_address_pairs: t
    .json<AddressPair[]>(
      'Addresses besides its own that it may send from.',
      { type: 'array', items: { type: 'object', properties: { ip_address: text, mac_address: text }, required: ['ip_address'] } },
      addressPairs,
      noneToEmptyList,
    )
    .optional()
    .mutable()
    .policy()
    .extension('allowed-address-pairs'),
};
