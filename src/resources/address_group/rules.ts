// What making an address group and changing its prefixes means: each prefix is there once, without host bits.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import { checkValue } from '#core/input.ts';
import { repr } from '#core/python.ts';
import { action, type Field, type RulesOf } from '#core/resource.ts';
import { cidr, ipAddress, listOfUnique, type Validate } from '#core/validate.ts';
import { parsePrefix, prefixText } from '#ipam/address.ts';
import { sharing } from '#resources/rbac_policy/sharing.ts';
import { addressGroupErrors } from './errors.ts';
import { addressGroup } from './schema.ts';

type AddressGroup = Row<(typeof addressGroup)['attributes']>;

const withoutHostBits = (prefixes: readonly string[]): string[] => [...new Set(prefixes.map((one) => prefixText(parsePrefix(one))))];

/** Prefixes of one group: a change writes all of them anew, and every host with a rule that names the group has all of them. */
const AT_MOST = 10_000;

function bounded(prefixes: string[]): string[] {
  if (prefixes.length <= AT_MOST) return prefixes;
  throw inputErrors.InvalidInput({ error_message: `An address group has at most ${AT_MOST} addresses` });
}

async function create(_: Context, draft: AddressGroup): Promise<void> {
  draft.addresses = bounded(withoutHostBits(draft.addresses ?? []));
}

export const addressGroupRules: RulesOf<typeof addressGroup> = { create };

export const addressGroupSharing = sharing({
  resource: addressGroup,
  kind: 'address_group',
  users: { access_as_shared: ['SELECT project_id FROM security_group_rules WHERE remote_address_group_id = ?'] },
});

/** What the values of a body's `addresses` are called in refusals. */
const asked = addressGroup.field.get('addresses') as Field;

/** The prefixes of `{"addresses": […]}`, each of which `fit` accepts. */
function addressesIn(body: unknown, fit: Validate): string[] {
  const { addresses } = (typeof body === 'object' && body !== null ? body : {}) as { readonly addresses?: unknown };
  if (!Array.isArray(addresses)) checkValue({ ...asked, validate: listOfUnique(fit) }, addresses ?? null);
  for (const address of addresses as unknown[]) checkValue({ ...asked, validate: fit }, address);
  return withoutHostBits((addresses as string[]).map((one) => (one.includes('/') ? one : `${one}/${one.includes(':') ? 128 : 32}`)));
}

async function changed(context: Context, row: AddressGroup, addresses: string[]): Promise<unknown> {
  return { address_group: await context.shown(addressGroup, await context.update(addressGroup, row, { addresses })) };
}

const addresses = { addresses: { type: 'array', items: { type: 'string' } } };

export const addressGroupActions = [
  action({
    resource: addressGroup,
    name: 'add_addresses',
    method: 'PUT',
    doc: 'Adds prefixes that are not there yet.',
    takes: addresses,
    async run(context, row, body) {
      const more = addressesIn(body, cidr);
      const there = new Set(row.addresses);
      const known = more.filter((one) => there.has(one));
      if (known.length > 0) throw addressGroupErrors.AddressesAlreadyExist({ addresses: repr(known), address_group_id: row.id });
      return changed(context, row, bounded([...row.addresses, ...more]));
    },
  }),
  action({
    resource: addressGroup,
    name: 'remove_addresses',
    method: 'PUT',
    doc: 'Removes prefixes; an address alone is a prefix of its own.',
    takes: addresses,
    async run(context, row, body) {
      const less = addressesIn(body, (value) => (ipAddress(value) === undefined ? undefined : cidr(value)));
      const there = new Set(row.addresses);
      const absent = less.filter((one) => !there.has(one));
      if (absent.length > 0) throw addressGroupErrors.AddressesNotFound({ addresses: repr(absent), address_group_id: row.id });
      const going = new Set(less);
      return changed(
        context,
        row,
        row.addresses.filter((one) => !going.has(one)),
      );
    },
  }),
];
