// The reference pages of errors and of policy rules, from their declarations. Two of the generators of list.ts. Pure.
import '#api/agent.ts';
import '#api/server.ts';
import { declaredErrors, type ErrorKind, statusOf } from '#core/errors.ts';
import { policies } from '#resources/index.ts';
import { code, page, table } from './page.ts';

const meaning: Readonly<Record<ErrorKind, string>> = {
  invalid: 'The request is wrong in itself.',
  unauthenticated: 'Nobody is known by this token or credential.',
  forbidden: 'The caller may not do this.',
  notFound: 'There is no such thing, or the caller may not know of it.',
  methodNotAllowed: 'The address exists, and does not do this.',
  conflict: 'It contradicts what there is.',
  overQuota: 'It would exceed the quota of the project.',
  preconditionFailed: 'The row is not at the revision that the caller saw.',
  tooLarge: 'The body is too large.',
  bug: 'A fault of Isospin: the log has its cause, under the request id of the answer.',
  failed: 'What was asked could not be done where it was to be done.',
  notImplemented: 'It is not there.',
  unavailable: 'Not now: try again.',
};

/** The page of errors. */
export function errorReference(): string {
  const kinds = Object.keys(statusOf) as ErrorKind[];
  const sections = kinds.flatMap((kind) => {
    const rows = [...declaredErrors].filter(([, declared]) => declared.kind === kind).sort(([a], [b]) => (a < b ? -1 : 1));
    if (rows.length === 0) return [];
    return [
      `## ${statusOf[kind]}: ${kind}`,
      meaning[kind],
      table(
        ['Type', 'Message'],
        rows.map(([type, { message }]) => [code(type), message]),
      ),
    ];
  });
  return page(
    'the error tables in src',
    'Errors',
    `A refusal's body is \`{"NeutronError": {"type": …, "message": …, "detail": ""}}\`; clients go by the type and the status. Words in braces
are filled in. The identity API answers as Keystone does: \`{"error": {"code": …, "title": …, "message": …}}\`. Every answer of the Networking API
carries an \`x-openstack-request-id\`, by which the log is searched.`,
    ...sections,
  );
}

/** The page of policy rules. */
export function policyReference(): string {
  const rows = Object.keys(policies)
    .sort()
    .map((name) => [code(name), policies[name] === '' ? 'anybody' : code(policies[name] ?? '')]);
  return page(
    'the policies in src',
    'Policies',
    `Who may do what: the API's published defaults. The key \`policy\` of the [configuration](configuration.md) replaces any of them by name;
an unknown name or a rule that cannot be understood stops the start. How to write one: [policy overrides](../operate/policy.md).`,
    `\`create_X\`, \`get_X\`, \`update_X\`, \`delete_X\` are asked for every call; \`create_X:ATTRIBUTE\` besides when the attribute is given,
\`get_X:ATTRIBUTE\` before it is shown. Who may not even \`get_X\` is told that there is no such row (404).`,
    table(['Rule', 'Holds for'], rows),
  );
}
