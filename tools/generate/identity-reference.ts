// The reference page of the identity API, made from the tables of its calls. One of the generators of list.ts. Pure.
import { callsByNoun } from '#api/identity/calls.ts';
import { standardImplications, standardRoles } from '#identity/roles.ts';

const escapeBars = (text: string): string => text.replaceAll('|', '\\|');

/** The page's text. */
export function identityReference(): string {
  const sections = Object.entries(callsByNoun).map(([noun, calls]) =>
    [
      `## ${noun}`,
      '',
      '| Call | What it does | Who may |',
      '|---|---|---|',
      ...calls.map(
        (call) =>
          `| \`${call.method} ${call.path}\` | ${escapeBars(call.says)} | ${escapeBars(call.open ? 'anybody, without a token' : call.may.says)} |`,
      ),
      '',
    ].join('\n'),
  );
  return `<!-- Generated from src/api/identity by npm run generate; do not edit. -->
# The identity API

The embedded identity answers these calls of Keystone's v3 API below \`/identity/v3\`, so that the \`openstack\` command, openstacksdk,
gophercloud, Terraform's provider and tempest's dynamic credentials work as they do with Keystone. \`GET /identity\` (300) and
\`GET /identity/v3\` (200) tell the version. Every \`GET\` answers \`HEAD\` too. Each call is made by a test on SQLite and on PostgreSQL.

A new cloud has the domain \`default\` (named Default), the project and the user \`admin\`, the region RegionOne, and the roles
${standardRoles.join(', ')}; ${standardImplications.map(([prior, implied]) => `${prior} implies ${implied}`).join(', ')}. The user \`admin\` is
admin in the project \`admin\` and in the whole system.

Passwords and secrets are kept as scrypt hashes. Tokens are signed (HMAC SHA-256) and last an hour. The key is made at the first start and kept in
the database, so that all servers share it: whoever can read the database can make tokens, as with the rows that say who is admin. SQLite's file
is readable by its owner alone; on PostgreSQL give the database a user of its own.

A token stops working at once on the server that is told, and within a second or two on every other server
of the same database, when it is deleted, when its user's password changes, when its user, project or domain is disabled or deleted, when its
application credential is deleted or expires, and when no role is left in its scope. A role that is taken away counts at once for tokens that
have others left. Deleting a token does not take back tokens that were made from it. A project or domain that is enabled again makes its
unexpired tokens valid again; a user that is enabled again needs a new token. Whoever holds the role admin anywhere is an administrator of all.

Not there: groups, trusts, federation, domain roles, inherited roles, access rules of application credentials, limits, and changing the
catalog. Use a real Keystone where you need them.

${sections.join('\n')}`;
}
