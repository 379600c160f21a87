// `describe`: what this program offers, read from the running code: resources with their attributes and references, packs, drivers, routes.
import { openapi } from '#api/openapi.ts';
import { actionPath, itemPath, usualPath } from '#api/paths.ts';
import type { Registry } from '#core/registry.ts';
import { registry } from '#core/registry.ts';
import { statusFollows } from '#desired/reports.ts';
import { mechanismDrivers } from '#ml2/binding.ts';
import { typeDrivers } from '#ml2/types/index.ts';
import { extensions } from '#packs/extensions.ts';
import { resources } from '#resources/index.ts';
import type { Command } from './command.ts';
import { print, printJson, printRows } from './print.ts';

export const describe: Command = {
  name: 'describe',
  doc: 'Prints the resources, their attributes and references, the packs, the drivers and the routes of this program.',
  options: { json: { doc: 'print JSON' } },
  async run(given) {
    const described = describeAll(registry(resources, statusFollows));
    if (given.on('json')) return printJson(described);
    print('resources');
    for (const { name, doc, path, attributes, actions, follows } of described.resources) {
      print(`\n${name}: ${doc} ${path}`);
      printRows(attributes, ['attribute', 'create', 'update', 'filter', 'sort', 'pack', 'refers_to'], false);
      for (const action of actions) print(`  ${action.method} ${action.path}: ${action.does}`);
      for (const follow of follows) print(`  when ${follow.of}s change: ${follow.what}`);
    }
    print('\nreferences');
    printRows(described.references, ['from', 'to', 'on_delete'], false);
    print('\npacks');
    printRows(described.packs, ['alias', 'name'], false);
    print('\ndrivers');
    printRows(described.drivers, ['kind', 'name', 'does'], false);
    print('\nroutes');
    for (const route of described.routes) print(`  ${route}`);
  },
};

/** Everything, as data. */
function describeAll(all: Registry) {
  const document = openapi(all) as { paths: Record<string, Record<string, unknown>> };
  return {
    resources: resources.map(({ resource, actions, follows }) => ({
      name: resource.name,
      doc: resource.doc,
      path: resource.operations.length > 0 ? usualPath(resource, all) : '(not served)',
      key: resource.key,
      operations: resource.operations,
      attributes: resource.fields
        .filter(({ visible, post, put, filter }) => visible || post || put || filter)
        .map((field) => ({
          attribute: field.name,
          doc: field.doc,
          create: field.post ? (field.required ? 'required' : 'optional') : 'no',
          update: field.put ? 'yes' : 'no',
          filter: field.filter ? 'yes' : 'no',
          sort: field.sort ? 'yes' : 'no',
          pack: field.extension ?? 'core',
          refers_to: field.ref?.resource ?? '',
        })),
      actions: actions.map((one) => ({ method: one.method, path: actionPath(itemPath(resource, all), one, '{about}'), does: one.doc })),
      follows: follows.map(({ resource: of, what }) => ({ of: of.name, what })),
    })),
    references: resources.flatMap(({ resource }) =>
      all.references(resource).map(({ from, field }) => ({
        from: `${from.name}.${field.name}`,
        to: resource.name,
        on_delete: field.ref?.onDelete ?? '',
      })),
    ),
    packs: extensions.map(({ alias, name }) => ({ alias, name })),
    drivers: [
      ...[...typeDrivers.values()].map(({ type, overhead }) => ({ kind: 'type', name: type, does: `${overhead} bytes of overhead` })),
      ...mechanismDrivers.map(({ name, agentType, vnicTypes }) => ({
        kind: 'mechanism',
        name,
        does: `ports of type ${vnicTypes.join(', ')} on hosts with a ${agentType}`,
      })),
    ],
    routes: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    ),
  };
}
