// What almost every resource has: identity, owner, description, revision and timestamps.
import { t } from '#core/attributes.ts';
import { toInt } from '#core/convert.ts';
import { notBlank } from '#core/validate.ts';

export const identity = {
  id: t.id('Identifies the resource; made by the server.').readOnly().filter().sort().list(),
  name: t.name('What people call it; need not be unique.').mutable().filter().sort().list(),
};

export const owner = {
  // Never blank: what belongs to nobody is counted by nobody's quota.
  project_id: t.text('The project it belongs to; `tenant_id` is the same.').validate(notBlank(255)).filter().sort(),
};

export const standard = {
  description: t.text('Free text for people.').default('').mutable().filter().extension('standard-attr-description'),
  created_at: t.time('When it was made.').extension('standard-attr-timestamp'),
  updated_at: t.time('When it was last changed.').extension('standard-attr-timestamp'),
  revision_number: t
    .int('Grows with every change; send it as `If-Match: revision_number=N` to change only what you saw.')
    .convert(toInt)
    .readOnly()
    .filter()
    .extension('standard-attr-revisions'),
};
