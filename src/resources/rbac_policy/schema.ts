// A sharing: lets another project, or everybody, see and use an object. Made by clients, and by the rules of attributes like `shared`.
import { t } from '#core/attributes.ts';
import { inputErrors } from '#core/convert.ts';
import { str } from '#core/python.ts';
import { resource } from '#core/resource.ts';
import { notBlank } from '#core/validate.ts';
import { rbacErrors } from './errors.ts';

/** The kinds of object that can be shared. */
export const KINDS = ['address_group', 'address_scope', 'network', 'qos_policy', 'security_group', 'subnetpool'] as const;
export type Kind = (typeof KINDS)[number];

/** Stands for every project. */
export const EVERYBODY = '*';

/** A kind as clients write it: letter case and spaces do not matter. */
export function kindOf(value: unknown): Kind {
  const wanted = str(value).trim().toLowerCase();
  const kind = KINDS.find((one) => one === wanted);
  if (kind === undefined) throw inputErrors.InvalidInput({ error_message: `'${str(value)}' is not a valid RBAC object type` });
  return kind;
}

export const rbacPolicy = resource({
  name: 'rbac_policy',
  collection: 'rbac_policies',
  doc: 'Lets another project see and use an object.',
  table: 'rbac_policies',
  extension: 'rbac-policies',
  quota: 10,
  attributes: {
    id: t.id('Identifies the sharing; made by the server.').readOnly().filter().list(),
    project_id: t.text('The project it belongs to; `tenant_id` is the same.').validate(notBlank(255)).filter(),
    object_type: t
      .text('What kind of object it is: address_group, address_scope, network, qos_policy, security_group or subnetpool.')
      .optional()
      .convert(kindOf)
      .filter()
      .policy()
      .list(),
    object_id: t.id('The object.').filter().policy().list(),
    action: t.text('How it is shared: `access_as_shared`, or `access_as_external` of networks.').filter().policy().list(),
    target_tenant: t.text('The project it is shared with; `*` for all.').mutable().filter().policy().storedAs('target_project').list(),
  },
  notFound: (id) => rbacErrors.RbacPolicyNotFound({ object_type: 'unknown', id }),
  conflict: () => rbacErrors.DuplicateRbacPolicy({}),
  scopes: () => [],
});
