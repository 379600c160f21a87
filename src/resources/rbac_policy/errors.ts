// What a client may be told of sharing.
import { errorTable } from '#core/errors.ts';

export const rbacErrors = errorTable({
  RbacPolicyNotFound: ['notFound', 'RBAC policy of type {object_type} with ID {id} not found'],
  DuplicateRbacPolicy: ['conflict', 'An RBAC policy already exists with those values.'],
  RbacPolicyInUse: [
    'conflict',
    'RBAC policy on object {object_id} cannot be removed because other objects depend on it.\nDetails: {details}',
  ],
  InvalidActionForType: ['invalid', "Invalid action '{action}' for object type '{object_type}'. Valid actions: {valid_actions}"],
});
