// What binding a port to further hosts means. The active binding and the port's row say the same: a change of either is a change of both.
import { randomUUID } from 'node:crypto';
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { action, follow, type RulesOf } from '#core/resource.ts';
import { bound } from '#resources/port/binding.ts';
import { withTrust } from '#resources/port/plugging.ts';
import { port } from '#resources/port/schema.ts';
import { portBindingErrors } from './errors.ts';
import { portBinding } from './schema.ts';

type Binding = Row<(typeof portBinding)['attributes']>;
type Port = Row<(typeof port)['attributes']>;

const isOfInstance = ({ device_owner }: Pick<Port, 'device_owner'>): boolean => device_owner.startsWith('compute:');

/** The port's own words for a binding. */
const placed = ({ host, vnic_type, profile }: Pick<Binding, 'host' | 'vnic_type' | 'profile'>) => ({
  'binding:host_id': host,
  'binding:vnic_type': vnic_type,
  'binding:profile': profile,
});

/** How the port would be plugged there; refuses where it cannot be. */
async function plugged(context: Context, of: Port, wanted: Pick<Binding, 'host' | 'vnic_type' | 'profile'>) {
  const { 'binding:vif_type': vif_type, 'binding:vif_details': vif_details } = await bound(context, { ...of, ...placed(wanted) });
  if (vif_type === 'binding_failed') throw portBindingErrors.PortBindingError({ port_id: of.id, host: wanted.host });
  return { vif_type, vif_details };
}

const held = async (context: Context, { port_id }: Pick<Binding, 'port_id'>): Promise<Port> =>
  (await context.load(port, port_id, 'change')) as Port;

export const portBindingRules: RulesOf<typeof portBinding> = {
  async create(context, draft) {
    const { port_id, host } = draft;
    const of = await held(context, draft);
    if (!isOfInstance(of)) {
      throw portBindingErrors.BadRequest({ resource: 'port', msg: `Invalid port ${port_id}. Operation only valid on compute ports` });
    }
    const there = await context.tx.get('SELECT id FROM port_bindings WHERE port_id = ? AND host = ?', port_id, host);
    if (there) throw portBindingErrors.PortBindingAlreadyExists({ port_id, host });
    draft.profile = withTrust(draft.profile ?? {}, of.trusted);
    draft.status = 'INACTIVE';
    Object.assign(draft, await plugged(context, of, draft));
  },
  async update(context, before, changes) {
    const of = await held(context, before);
    if (changes.profile) changes.profile = withTrust(changes.profile, of.trusted);
    const after = { ...before, ...changes };
    Object.assign(changes, await plugged(context, of, after));
    if (before.status === 'ACTIVE') await context.update(port, of, placed(after));
  },
  async delete(context, row) {
    if (row.status === 'INACTIVE' || context.isGoing(port, row.port_id)) return;
    await context.update(port, await held(context, row), { 'binding:host_id': '' });
  },
};

export const portBindingActions = [
  action({
    resource: portBinding,
    name: 'activate',
    method: 'PUT',
    doc: 'Lets the instance be on the host of a binding; its other binding is kept.',
    async run(context, row) {
      const { id, port_id, host } = row;
      if (row.status === 'ACTIVE') throw portBindingErrors.PortBindingAlreadyActive({ port_id, host });
      const { tx } = context;
      await tx.run("UPDATE port_bindings SET status = 'INACTIVE' WHERE port_id = ? AND status = 'ACTIVE'", port_id);
      await tx.run("UPDATE port_bindings SET status = 'ACTIVE' WHERE id = ?", id);
      const of = await held(context, row);
      const { binding_segment_id } = await bound(context, { ...of, ...placed(row) });
      // As it was prepared, whatever the host says now.
      await context.store(port, of, {
        ...placed(row),
        binding_segment_id,
        'binding:vif_type': row.vif_type,
        'binding:vif_details': row.vif_details,
        status: 'DOWN',
      });
      return { binding: await context.shown(portBinding, row) };
    },
  }),
];

const SHOWN = ['binding:host_id', 'binding:vnic_type', 'binding:profile', 'binding:vif_type', 'binding:vif_details'] as const;

/** Lets the active binding of an instance's port say what the port's row does. */
async function keepActive(context: Context, of: Port): Promise<void> {
  const { tx } = context;
  const host = of['binding:host_id'];
  const active = await tx.get<{ id: string }>("SELECT id FROM port_bindings WHERE port_id = ? AND status = 'ACTIVE'", of.id);
  if (host === '') {
    if (active && !context.isGoing(portBinding, active.id)) await tx.run('DELETE FROM port_bindings WHERE id = ?', active.id);
    return;
  }
  // What was prepared for the host is there now.
  await tx.run("DELETE FROM port_bindings WHERE port_id = ? AND host = ? AND status = 'INACTIVE'", of.id, host);
  const { 'binding:vnic_type': vnicType, 'binding:profile': profile, 'binding:vif_type': vifType, 'binding:vif_details': details } = of;
  await tx.run(
    active
      ? 'UPDATE port_bindings SET host = ?, vnic_type = ?, profile = ?, vif_type = ?, vif_details = ? WHERE port_id = ? AND id = ?'
      : `INSERT INTO port_bindings (host, vnic_type, profile, vif_type, vif_details, port_id, id, status) VALUES (?, ?, ?, ?, ?, ?, ?, 'ACTIVE')`,
    host,
    vnicType,
    JSON.stringify(profile),
    vifType,
    JSON.stringify(details),
    of.id,
    active?.id ?? randomUUID(),
  );
}

export const portBindingFollows = [
  follow({
    resource: port,
    what: "an instance's port that is put on a host has an active binding, and none of any kind when it is an instance's no more",
    async created(context, row) {
      if (isOfInstance(row) && row['binding:host_id'] !== '') await keepActive(context, row);
    },
    async updated(context, before, after) {
      if (!isOfInstance(after)) {
        if (isOfInstance(before)) await context.tx.run('DELETE FROM port_bindings WHERE port_id = ?', after.id);
        return;
      }
      const same = isOfInstance(before) && SHOWN.every((name) => JSON.stringify(before[name]) === JSON.stringify(after[name]));
      if (!same) await keepActive(context, after);
    },
  }),
];
