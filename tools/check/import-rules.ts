// Which folder of src/ may import which: the order of ARCHITECTURE.md as data. Read by imports.ts, which `npm run check` runs. An entry
// that ends in `.ts` allows that one file, a contract, and not the folder around it. What a rule forbids is a design decision: change it here,
// with a sentence of why in the commit.

/** Folder of src/ → the folders and files it may import besides itself. Test files beside the code may import anything. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  // Engines that know nothing of networks.
  store: [],
  host: [],
  bus: ['store/postgres-errors.ts', 'store/store.ts'],
  identity: ['core/errors.ts', 'store'],
  core: ['bus/bus.ts', 'identity/actor.ts', 'store/journal.ts', 'store/store.ts'],
  // The model.
  ipam: ['core', 'store'],
  ml2: ['core', 'ipam', 'store'],
  packs: ['core', 'ipam', 'store'],
  resources: ['core', 'identity/actor.ts', 'ipam', 'ml2', 'packs', 'store'],
  // Projections read rows and records; they know no HTTP.
  desired: ['core', 'ipam', 'ml2', 'packs', 'resources', 'store'],
  // Agents know the wish and the host, never the database or the model: they run on machines that have neither.
  agents: ['core/errors.ts', 'desired/digest.ts', 'desired/objects.ts', 'host'],
  api: ['agents/link.ts', 'bus', 'core', 'desired', 'identity', 'packs', 'resources', 'store'],
  // Only main wires; the command line starts it.
  main: ['agents', 'api', 'bus', 'core', 'desired', 'host', 'identity', 'ipam', 'ml2', 'packs', 'resources', 'store'],
  cli: ['agents', 'api/openapi.ts', 'api/paths.ts', 'core', 'desired', 'host', 'identity', 'main', 'ml2', 'packs', 'resources', 'store'],
};

/** Packages and built-in modules that are one folder's business: module → the folders of src/ that may import it. */
export const ownedModules: Readonly<Record<string, readonly string[]>> = {
  pg: ['bus', 'store'],
  'node:sqlite': ['store'],
  fastify: ['api', 'main'],
  'node:child_process': ['cli', 'host', 'main'],
  jose: ['identity'],
};
