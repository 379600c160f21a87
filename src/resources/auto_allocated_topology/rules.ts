// Making and removing a project's automatic topology, each as a whole or not at all.
import { randomUUID } from 'node:crypto';
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { ApiError } from '#core/errors.ts';
import type { RulesOf } from '#core/resource.ts';
import { defaultExternalNetwork } from '#resources/network/default.ts';
import { network } from '#resources/network/schema.ts';
import { addInterface, removeInterface } from '#resources/router/interfaces.ts';
import { router } from '#resources/router/schema.ts';
import { defaultPool } from '#resources/subnet/pooled.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { topologyErrors } from './errors.ts';
import { topology } from './schema.ts';

type Topology = Row<(typeof topology)['attributes']>;

const failure = (reason: string): Error => topologyErrors.AutoAllocationFailure({ reason });

/** Claims the project's only place; false: it has a topology, or another request that came first is done making it. */
async function claim({ tx }: Context, id: string, projectId: string): Promise<boolean> {
  const claimed = await tx.run(
    'INSERT INTO auto_allocated_topologies (id, project_id, router_id) VALUES (?, ?, NULL) ON CONFLICT (project_id) DO NOTHING',
    id,
    projectId,
  );
  return claimed === 1;
}

/** IP versions of which there is a default pool that the caller may use. */
async function versionsOf(context: Context): Promise<(4 | 6)[]> {
  const versions: (4 | 6)[] = [];
  for (const version of [4, 6] as const) if (await defaultPool(context, version)) versions.push(version);
  return versions;
}

async function externalOf({ tx }: Context): Promise<string> {
  const id = await defaultExternalNetwork(tx);
  if (id === undefined) throw failure('No default router:external network');
  return id;
}

async function showing(context: Context, projectId: string, fields: readonly string[]): Promise<Topology | undefined> {
  const row: Topology = { id: 'dry-run=pass', project_id: projectId, router_id: null };
  if (!(await context.permits('get_auto_allocated_topology', topology, row))) throw topologyErrors.NotAuthorized({});
  if (fields.length === 0) {
    await make(context, projectId);
    return undefined;
  }
  if (!fields.includes('dry-run')) throw topologyErrors.BadRequest({ resource: 'auto_allocate', msg: 'Unrecognized field' });
  await externalOf(context);
  if ((await versionsOf(context)).length === 0) throw failure('No default subnetpools defined');
  return row;
}

async function make(context: Context, project_id: string): Promise<void> {
  const id = randomUUID();
  if (!(await claim(context, id, project_id))) return;
  const external = await externalOf(context);
  const subnets = await makeNetwork(context, id, project_id).catch((error: unknown) => {
    throw error instanceof ApiError ? failure('Unable to provide tenant private network') : error;
  });
  const made = await context.create(router, { project_id, name: 'auto_allocated_router', external_gateway_info: { network_id: external } });
  for (const subnet_id of subnets) await addInterface(context, made, { subnet_id });
  await context.tx.run('UPDATE auto_allocated_topologies SET router_id = ? WHERE id = ?', made.id, id);
}

/** Answers the ids of its subnets. */
async function makeNetwork(context: Context, id: string, project_id: string): Promise<string[]> {
  const versions = await versionsOf(context);
  if (versions.length === 0) throw failure('No default subnetpools defined');
  await context.create(network, { id, project_id, name: 'auto_allocated_network' } as { project_id: string });
  const ids: string[] = [];
  for (const ip_version of versions) {
    const name = `auto_allocated_subnet_v${ip_version}`;
    const made = await context.create(subnet, { project_id, network_id: id, name, ip_version, use_default_subnetpool: true });
    ids.push(made.id);
  }
  return ids;
}

async function remove(context: Context, { id, router_id }: Topology): Promise<void> {
  const leading = router_id === null ? undefined : await context.load(router, router_id, 'remove');
  if (leading) {
    const joined = await context.tx.all<{ subnet_id: string }>(
      'SELECT subnet_id FROM router_interfaces WHERE router_id = ? AND network_id = ?',
      leading.id,
      id,
    );
    for (const { subnet_id } of joined) await removeInterface(context, leading, { subnet_id });
    await context.delete(router, leading);
  }
}

async function removed(context: Context, { id }: Topology): Promise<void> {
  const row = await context.load(network, id, 'remove');
  if (row) await context.delete(network, row);
}

export const topologyRules: RulesOf<typeof topology> = { showing, delete: remove, deleted: removed };
