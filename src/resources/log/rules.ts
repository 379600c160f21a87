// What a log may be about: a security group and a port that its maker sees, the one of the other.
import type { RulesOf } from '#core/resource.ts';
import { port } from '#resources/port/schema.ts';
import { securityGroup } from '#resources/security_group/schema.ts';
import { logErrors } from './errors.ts';
import { LOGGABLE, type log } from './schema.ts';

export const logRules: RulesOf<typeof log> = {
  async create(context, { resource_type, resource_id, target_id }) {
    if (!LOGGABLE.includes(resource_type)) throw logErrors.InvalidLogResourceType({ resource_type });
    if (resource_id !== null) {
      const group = await context.load(securityGroup, resource_id, 'share');
      if (!group || !(await context.permits('get_security_group', securityGroup, group))) throw logErrors.ResourceNotFound({ resource_id });
    }
    if (target_id === null) return;
    const target = await context.load(port, target_id, 'share');
    if (!target || !(await context.permits('get_port', port, target))) throw logErrors.TargetResourceNotFound({ target_id });
    if (resource_id === null || target.security_groups.includes(resource_id)) return;
    throw logErrors.InvalidResourceConstraint({ resource: resource_type, resource_id, target_resource: 'port', target_id });
  },
};
