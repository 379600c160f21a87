// Metering labels: which traffic of a project's routers is counted, said by rules.
import { t } from '#core/attributes.ts';
import { canonicalCidr } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import { notBlank } from '#core/validate.ts';
import { identity, owner } from '#packs/standard.ts';
import { meteringErrors } from './errors.ts';

/** The empty text is no prefix; a bare address is a prefix of it alone. */
const prefix = (doc: string) =>
  t
    .cidr(doc)
    .convert((value) => (value === '' ? null : canonicalCidr(value)))
    .nullable()
    .default(null)
    .filter()
    .sort();

export const meteringLabelRule = resource({
  name: 'metering_label_rule',
  collection: 'metering_label_rules',
  prefix: 'metering',
  doc: 'Traffic that a metering label counts, or does not.',
  table: 'metering_label_rules',
  extension: 'metering',
  operations: ['list', 'show', 'create', 'delete'],
  attributes: {
    id: identity.id,
    project_id: t.text('The project it belongs to; `tenant_id` is the same.').validate(notBlank(255)),
    metering_label_id: t.id('The label.').ref('metering_label', 'delete').filter().sort().list(),
    direction: t.oneOf('Seen from the router’s outside.', ['ingress', 'egress']).filter().sort().list(),
    excluded: t.bool('Whether this traffic is left out.').default(false).filter().sort().list(),
    remote_ip_prefix: prefix('Where the other side is.').list(),
    source_ip_prefix: prefix('Where it comes from.').mutable().extension('metering_source_and_destination_fields').list(),
    destination_ip_prefix: prefix('Where it goes to.').mutable().extension('metering_source_and_destination_fields').list(),
  },
  oneByOne: true,
  notFound: (rule_id) => meteringErrors.MeteringLabelRuleNotFound({ rule_id }),
  scopes: () => [],
});

export const meteringLabel = resource({
  name: 'metering_label',
  collection: 'metering_labels',
  prefix: 'metering',
  doc: 'Names traffic that is counted.',
  table: 'metering_labels',
  extension: 'metering',
  operations: ['list', 'show', 'create', 'delete'],
  attributes: {
    id: identity.id,
    ...owner,
    name: t.name('What people call it; need not be unique.').filter().sort().list(),
    description: t.text('Free text for people.', 1024).default('').filter().sort(),
    shared: t.bool('Whether traffic of all projects is counted.').default(false).filter().sort().list(),
  },
  notFound: (label_id) => meteringErrors.MeteringLabelNotFound({ label_id }),
  scopes: () => [],
});
