// The language of policy files: what its rules mean, for any rule, caller and row; what operators may change; what is refused, and how.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Actor } from '#identity/actor.ts';
import { t } from './attributes.ts';
import { errorTable } from './errors.ts';
import { holds, Policy, PolicySyntaxError, parentsAsked, parseRule } from './policy.ts';
import { sharedPolicies } from './policy-shared.ts';
import { type Resource, resource } from './resource.ts';

const errors = errorTable({ TestNotFound: ['notFound', '{id}'] });
const declare = (name: string, attributes: Parameters<typeof resource>[0]['attributes']): Resource =>
  resource({
    name,
    collection: `${name}s`,
    doc: '',
    table: `${name}s`,
    extension: null,
    attributes,
    notFound: (id) => errors.TestNotFound({ id }),
    scopes: () => [],
  });
const port = declare('port', {
  id: t.id(''),
  project_id: t.free(''),
  device_owner: t.free(''),
  network_id: t.id('').ref('network', 'restrict'),
});

const actor = (roles: readonly string[], projectId = 'mine'): Actor => ({
  userId: 'me',
  userName: 'me',
  projectId,
  projectName: projectId,
  domainId: '',
  roles,
});

/** What a rule answers to a caller about a row. */
function ask(
  rules: Readonly<Record<string, string>>,
  who: Actor,
  of: Resource,
  row: Readonly<Record<string, unknown>>,
  rule = 'it',
): boolean {
  const residual = new Policy(rules).reduce(rule, who);
  return holds(residual, of, (attribute) => row[attribute]);
}

describe('one rule', () => {
  const mine = { project_id: 'mine', device_owner: 'network:dhcp', 'network:project_id': 'theirs', 'network:shared': true };
  test.each<[string, boolean]>([
    ['', true],
    ['@', true],
    ['!', false],
    ['not !', true],
    ['role:member', true],
    ['role:MEMBER', true],
    ['role:admin', false],
    ['role:admin or role:member', true],
    ['role:admin and role:member', false],
    ['role:member or role:admin and role:admin', true],
    ['(role:member or role:admin) and role:admin', false],
    ['not role:admin and role:member', true],
    ['not (role:admin or role:member)', false],
    ['NOT role:admin AND role:member', true],
    ['((role:member))', true],
    ['project_id:%(project_id)s', true],
    ['tenant_id:%(tenant_id)s', true],
    ['project_id:%(network:project_id)s', false],
    ['project_id:%(network:tenant_id)s', false],
    ['user_id:%(user_id)s', false],
    ['user_id:me', true],
    ['project_id:mine', true],
    ['project_id:theirs', false],
    ['nobody:%(project_id)s', false],
    ['field:networks:shared=True', true],
    ['field:networks:shared=false', false],
    ['field:port:device_owner=network:dhcp', true],
    ['field:port:device_owner=~^network:', true],
    ['field:port:device_owner=~dhcp', false],
    ['field:port:device_owner=~.*dhcp|compute', true],
    ['field:port:absent=x', false],
    ['rule:nowhere', false],
    ['tenant:%(tenant_id)s', true],
    ['is_admin:True', false],
    ["'mine':%(project_id)s", true],
    ["'theirs':%(project_id)s", false],
    ['True:%(network:shared)s', true],
    ['False:%(network:shared)s', false],
    ['5:%(absent)s', false],
    ['system_scope:all', false],
  ])('"%s" is %s', (text, answer) => {
    expect(ask({ it: text }, actor(['member']), port, mine)).toBe(answer);
  });

  test('asks nothing of a caller without a project', () => {
    expect(ask({ it: 'project_id:%(project_id)s' }, actor([], ''), port, { project_id: '' })).toBe(false);
    expect(ask({ it: 'domain_id:%(domain_id)s' }, actor([], ''), port, { domain_id: '' })).toBe(false);
  });

  test('says which parents it asks about', () => {
    const asked = (text: string): string[] => parentsAsked(new Policy({ it: text }).reduce('it', actor([])), port);
    expect(asked('project_id:%(network:project_id)s or field:networks:shared=True')).toEqual(['network', 'network']);
    expect(asked('project_id:%(project_id)s and not field:port:device_owner=x')).toEqual([]);
  });

  test.each([
    'role',
    ':x',
    'and',
    'role:a and',
    'or role:a',
    'role:a role:b',
    '(role:a',
    'role:a)',
    'not',
    '()',
    'field:networks',
    'field:port:device_owner=~(',
    'role:a && role:b',
    'http://judge.example.org',
    'https://judge.example.org/%(project_id)s',
  ])('"%s" is refused with the name of its rule', (text) => {
    const wanted = expect.objectContaining({ name: 'PolicySyntaxError', message: `policy rule get_port: cannot understand "${text}"` });
    expect(() => parseRule(text, 'get_port')).toThrow(wanted);
    expect(() => new Policy({}, { get_port: text })).toThrow(PolicySyntaxError);
  });

  test('any text is understood or refused, and nothing else', () => {
    const word = fc.oneof(fc.constantFrom('(', ')', 'not', 'and', 'or', 'role:a', 'rule:b', '@', '!', 'field:a:b=~['), fc.string());
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          parseRule(words.join(' '));
        } catch (error) {
          expect(error).toBeInstanceOf(PolicySyntaxError);
        }
      }),
    );
  });
});

/** A rule as a tree, with its text and its meaning said a second time. */
interface Tree {
  readonly text: string;
  readonly means: (who: Actor, row: Readonly<Record<string, unknown>>) => boolean;
}

const leaf: fc.Arbitrary<Tree> = fc.constantFrom<Tree>(
  { text: '@', means: () => true },
  { text: '!', means: () => false },
  { text: 'role:member', means: ({ roles }) => roles.includes('member') },
  { text: 'rule:owner', means: ({ projectId }, row) => projectId !== '' && projectId === row.project_id },
  { text: 'project_id:%(network:project_id)s', means: ({ projectId }, row) => projectId !== '' && projectId === row['network:project_id'] },
  { text: 'rule:shared', means: (_, row) => row['network:shared'] === true },
  { text: 'field:port:device_owner=~^network:', means: (_, row) => String(row.device_owner).startsWith('network:') },
);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('tree'), tie('tree'))
      .map(([a, b]): Tree => ({ text: `(${a.text} and ${b.text})`, means: (who, row) => a.means(who, row) && b.means(who, row) })),
    fc
      .tuple(tie('tree'), tie('tree'))
      .map(([a, b]): Tree => ({ text: `(${a.text} or ${b.text})`, means: (who, row) => a.means(who, row) || b.means(who, row) })),
    tie('tree').map((a): Tree => ({ text: `not ${a.text}`, means: (who, row) => !a.means(who, row) })),
  ),
}));
const someone = fc
  .record({ roles: fc.subarray(['member', 'reader']), projectId: fc.constantFrom('', 'a', 'b') })
  .map(({ roles, projectId }) => actor(roles, projectId));
const somewhere = fc.record({
  project_id: fc.constantFrom('a', 'b'),
  device_owner: fc.constantFrom('', 'network:dhcp', 'compute:network:'),
  'network:project_id': fc.constantFrom('a', 'b'),
  'network:shared': fc.boolean(),
});

test('every rule means what its parts mean, whatever is known before the row is', () => {
  fc.assert(
    fc.property(tree, someone, somewhere, ({ text, means }, who, row) => {
      expect(ask({ ...sharedPolicies, it: text }, who, port, row)).toBe(means(who, row));
    }),
    { numRuns: 500 },
  );
});

describe('the rules in force', () => {
  const admin = actor(['admin', 'member', 'reader'], 'other');
  const owner = actor(['member', 'reader']);
  const reader = actor(['reader'], 'other');
  const row = { project_id: 'mine', 'network:project_id': 'network owner' };

  test.each<[string, readonly boolean[]]>([
    ['admin_or_owner', [true, true, false, false]],
    ['admin_only', [true, false, false, false]],
    ['owner', [false, true, false, false]],
    ['regular_user', [true, true, true, true]],
    ['network_owner', [false, false, false, true]],
    ['admin_or_network_owner', [true, false, false, true]],
    ['admin_owner_or_network_owner', [true, true, false, true]],
    ['a rule that nobody wrote is the default, admin_or_owner', [true, true, false, false]],
  ])('%s', (rule, answers) => {
    const callers = [admin, owner, reader, actor(['member'], 'network owner')];
    expect(callers.map((who) => ask(sharedPolicies, who, port, row, rule))).toEqual(answers);
  });

  test('an operator lays rules over the defaults by name, and what is built from them follows', () => {
    const policy = new Policy({ ...sharedPolicies, get_port: 'rule:admin_only' }, { admin_only: 'role:operator', create_port: '!' });
    expect(policy.reduce('get_port', admin)).toBe(false);
    expect(policy.reduce('get_port', actor(['Operator']))).toBe(true);
    expect(policy.reduce('create_port', admin)).toBe(false);
    expect(policy.has('create_port')).toBe(true);
    expect(policy.names()).toContain('create_port');
    expect(policy.has('update_port')).toBe(false);
  });

  test('what is known of a caller is kept as long as the caller is', () => {
    const policy = new Policy(sharedPolicies);
    expect(policy.reduce('admin_or_owner', owner)).toBe(policy.reduce('admin_or_owner', owner));
    expect(policy.reduce('admin_or_owner', owner)).toEqual({ op: 'equals', attribute: 'project_id', value: 'mine' });
  });

  test.each([[{ a: 'rule:b', b: 'not rule:a' }], [{ a: 'rule:a' }], [{ default: 'rule:nowhere' }]])(
    'a circle is refused at once: %j',
    (rules) => {
      expect(() => new Policy(rules as Record<string, string>)).toThrow(/in a circle: /);
    },
  );

  test('a rule may be built from very many others', () => {
    const chain = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`r${index}`, `rule:r${index + 1}`]));
    expect(new Policy({ ...chain, r200: 'role:member' }).reduce('r0', owner)).toBe(true);
  });
});
