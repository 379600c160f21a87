// A project's automatic topology: a network with subnets of the default pools, behind a router to the default external network. It is there for
// the asking: made when somebody asks to see it.
import { t } from '#core/attributes.ts';
import { HTTPNotFound } from '#core/errors.ts';
import { resource } from '#core/resource.ts';

export const topology = resource({
  name: 'auto_allocated_topology',
  collection: 'auto_allocated_topology',
  doc: 'A network of a project that leads outside, made by being asked for.',
  table: 'auto_allocated_topologies',
  extension: 'auto-allocated-topology',
  operations: ['show', 'delete'],
  item: 'project_id',
  attributes: {
    id: t.free('The network; `dry-run=pass` where only a check was asked for, by `fields=dry-run`.').readOnly(),
    project_id: t.text('Its project; `tenant_id` is the same.').readOnly(),
    router_id: t.id('The router.').nullable().readOnly().hidden(),
  },
  notFound: () => HTTPNotFound({}),
  scopes: () => [],
});
