// Every call of the identity API, in the order of the reference page.
import { assignmentCalls } from './assignments.ts';
import type { Call } from './call.ts';
import { catalogCalls } from './catalog.ts';
import { credentialCalls } from './credentials.ts';
import { domainCalls } from './domains.ts';
import { projectCalls } from './projects.ts';
import { roleCalls } from './roles.ts';
import { tokenCalls } from './tokens.ts';
import { userCalls } from './users.ts';

export const callsByNoun: Readonly<Record<string, readonly Call[]>> = {
  Tokens: tokenCalls,
  Projects: projectCalls,
  Users: userCalls,
  'Application credentials': credentialCalls,
  Domains: domainCalls,
  Roles: roleCalls,
  'Role assignments': assignmentCalls,
  Catalog: catalogCalls,
};

export const calls: readonly Call[] = Object.values(callsByNoun).flat();
