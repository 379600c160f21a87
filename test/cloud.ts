// The engine without HTTP, for tests: a Pipeline over a database of the test's own, callers with any roles, and hosts that say hello.
import { randomBytes, randomUUID } from 'node:crypto';
import { openMemoryBus } from '#bus/memory.ts';
import type { Caller } from '#core/context.ts';
import { ApiError } from '#core/errors.ts';
import { Pipeline } from '#core/pipeline.ts';
import { Policy } from '#core/policy.ts';
import { registry } from '#core/registry.ts';
import type { Resource } from '#core/resource.ts';
import { defaultSettings, type Settings } from '#core/settings.ts';
import type { StoredRow } from '#core/sql.ts';
import { hello } from '#desired/join.ts';
import { statusFollows } from '#desired/reports.ts';
import { preparePools } from '#ml2/pools.ts';
import { fillDhcp } from '#resources/dhcp/upkeep.ts';
import { policies, resources } from '#resources/index.ts';
import { network } from '#resources/network/schema.ts';
import { port } from '#resources/port/schema.ts';
import { subnet } from '#resources/subnet/schema.ts';
import type { Store } from '#store/store.ts';
import type { Engine } from './postgres.ts';

const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  admin: ['admin', 'manager', 'member', 'reader'],
  manager: ['manager', 'member', 'reader'],
  member: ['member', 'reader'],
};

/** Somebody with a role (and those it implies) in a project. */
export function callerOf(role: string, projectId: string, userId = 'user'): Caller {
  const roles = IMPLIED[role] ?? [role];
  return { actor: { userId, userName: userId, projectId, projectName: projectId, domainId: '', roles }, requestId: `req-${randomUUID()}` };
}

export const newProject = (): string => randomBytes(16).toString('hex');

/** What hosts' writes are done as. */
export const system: Caller = { ...callerOf('admin', ''), actor: { ...callerOf('admin', '').actor, userId: 'system' } };

export interface Cloud {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly admin: Caller;
  /** Creates as the administrator, or as somebody else. */
  make(resource: AnyResource, attributes: object, caller?: Caller): Promise<StoredRow & { readonly id: string }>;
  /** Lets a host join with both agents; null: it has no tunnel endpoint. */
  join(host: string, tunnelIp: string | null): Promise<void>;
  close(): Promise<void>;
}

/** What the engine calls a resource, whatever its attributes. */
export type AnyResource = Resource | typeof network | typeof subnet | typeof port;
export const networks = network as unknown as Resource;
export const subnets = subnet as unknown as Resource;
export const ports = port as unknown as Resource;

export interface CloudOptions {
  readonly settings?: Partial<Settings>;
  readonly policy?: Readonly<Record<string, string>>;
  /** Stands between the pipeline and the database, to count what passes. */
  readonly watch?: (store: Store) => Store;
}

/** Quotas are unlimited unless a test sets them. */
export async function openCloud(engine: Engine, options: CloudOptions = {}): Promise<Cloud> {
  const opened = await engine.open();
  const store = options.watch ? options.watch(opened.store) : opened.store;
  const settings: Settings = { ...defaultSettings, quota: { network: -1, subnet: -1, port: -1 }, ...options.settings };
  const bus = openMemoryBus();
  const policy = new Policy(policies, options.policy);
  const pipeline = new Pipeline({ store, registry: registry(resources, statusFollows), policy, settings, bus });
  await store.transaction((tx) => preparePools(tx, settings));
  const admin = callerOf('admin', newProject());
  return {
    store,
    pipeline,
    admin,
    async make(resource, attributes, caller = admin) {
      const { rows } = await pipeline.create(resource as Resource, caller, { [resource.name]: attributes });
      return rows[0] as StoredRow & { readonly id: string };
    },
    async join(host, tunnelIp) {
      await pipeline.write(system, (work) =>
        hello(
          work,
          host,
          [
            {
              agent_type: 'Linux bridge agent',
              binary: 'isospin',
              configurations: {
                tunneling_ip: tunnelIp,
                tunnel_types: tunnelIp === null ? [] : ['vxlan'],
                bridge_mappings: { physnet: 'eth1' },
              },
            },
            { agent_type: 'DHCP agent', binary: 'isospin', configurations: {} },
          ],
          new Date(),
        ),
      );
      await fillDhcp(store.read, (work) => pipeline.write(system, work));
    },
    async close() {
      await bus.close();
      await opened.remove();
    },
  };
}

/** The error a client would see; a test fails when there is none, or when it is none of the API's. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ readonly type: string; readonly status: number; readonly message: string }> {
  const error = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof ApiError)) throw new Error('the call was not refused with an error of the API', { cause: error });
  return { type: error.type, status: error.status, message: error.message };
}
