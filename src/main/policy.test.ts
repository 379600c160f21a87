// Policy files as other services of a cloud have them: what they mean here, what is warned of, and what stops the start.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Actor } from '#identity/actor.ts';
import { openPolicy } from './policy.ts';

const directory = mkdtempSync(join(tmpdir(), 'isospin-policy-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function opened(text: string, policy: Readonly<Record<string, string>> = {}) {
  const policy_file = join(directory, 'policy.yaml');
  writeFileSync(policy_file, text);
  const warnings: string[] = [];
  const rules = openPolicy({ policy, policy_file }, (line) => warnings.push(line.replace(policy_file, 'FILE')));
  return { rules, warnings };
}
const refusal = (text: string, policy: Readonly<Record<string, string>> = {}): string => {
  try {
    opened(text, policy);
    return 'it is taken';
  } catch (error) {
    return (error as Error).message.replace(directory, 'DIR');
  }
};
const who = (roles: readonly string[], more: Partial<Actor> = {}): Actor => ({
  userId: 'me',
  userName: 'me',
  projectId: 'mine',
  projectName: 'mine',
  domainId: '',
  roles,
  ...more,
});

test('rules replace defaults, and may be made of rules of their own', () => {
  const { rules, warnings } = opened(`
"network_operator": "role:network_operator or rule:context_is_admin"
"create_network:shared": "rule:network_operator"
"delete_network": "!"
`);
  expect(rules.reduce('create_network:shared', who(['network_operator']))).toBe(true);
  expect(rules.reduce('create_network:shared', who(['member']))).toBe(false);
  expect(rules.reduce('delete_network', who(['admin']))).toBe(false);
  expect(warnings).toEqual([]);
});

test('a file may be empty, all comments, or JSON; its rules may be lists', () => {
  expect(opened('# "create_network": ""\n').warnings).toEqual([]);
  const { rules } = opened(
    '{"get_agent": [["role:operator", "project_id:mine"], ["role:admin"]], "delete_agent": [], "update_agent": [[]]}',
  );
  expect(rules.reduce('get_agent', who(['operator']))).toBe(true);
  expect(rules.reduce('get_agent', who(['operator'], { projectId: 'other' }))).toBe(false);
  expect(rules.reduce('get_agent', who(['admin']))).toBe(true);
  expect(rules.reduce('delete_agent', who([]))).toBe(true);
  expect(rules.reduce('update_agent', who(['admin']))).toBe(false);
});

test('the key of the configuration goes before the file', () => {
  const { rules } = opened('get_agent: "!"', { get_agent: '@', delete_agent: 'rule:get_agent' });
  expect(rules.reduce('get_agent', who([]))).toBe(true);
  expect(rules.reduce('delete_agent', who([]))).toBe(true);
});

test('a rule that nothing asks for is warned of, whatever it says', () => {
  const { warnings } = opened(`
get_vpnservice: "rule:admin_or_vpn_owner"
create_netwrok: "http://judge.example.org/"
`);
  expect(warnings).toEqual([
    'FILE: nothing asks for the rule get_vpnservice',
    'FILE: nothing asks for the rule create_netwrok; do you mean create_network?',
  ]);
});

test('an old name is taken for the new one, unless that is there', () => {
  const { rules, warnings } = opened('create_networks_tags: "!"\nget_ports_tags: "!"\n"get_port:tags": "@"\n');
  expect(rules.reduce('create_network:tags', who(['admin']))).toBe(false);
  expect(rules.reduce('get_port:tags', who([]))).toBe(true);
  expect(warnings).toEqual([
    'FILE: create_networks_tags is called create_network:tags now',
    'FILE: get_ports_tags is passed over: it is the old name of get_port:tags, which is there too',
  ]);
});

test.each([
  ['create_network: "role:admin and ("', 'policy: policy rule create_network: cannot understand "role:admin and ("'],
  ['create_network: "http://judge.example.org/%(project_id)s"', /^policy: policy rule create_network: cannot understand "http:/],
  ['create_network: "rule:admin_onyl"', 'DIR/policy.yaml: there is no rule admin_onyl; do you mean admin_only?'],
  ['create_network: 5', 'DIR/policy.yaml: create_network must be a rule, not 5'],
  ['create_network: [[5]]', 'DIR/policy.yaml: create_network must be a rule, not [[5]]'],
  ['- a', 'DIR/policy.yaml must hold rules by name'],
  ['a: [', /^DIR\/policy\.yaml: /],
])('%s stops the start', (text, line) => {
  expect(refusal(text)).toMatch(line);
});

test('a file that is not there stops the start', () => {
  expect(() => openPolicy({ policy: {}, policy_file: '/nowhere/policy.yaml' }, () => {})).toThrow(
    /^cannot read \/nowhere\/policy\.yaml: ENOENT/,
  );
});

test('an unknown name in the configuration stops the start', () => {
  expect(refusal('', { create_netwrok: '@' })).toBe('policy: there is no rule create_netwrok; do you mean create_network?');
});

test('whose token is for the system or a domain is an administrator only where a rule says so', () => {
  const system = who(['admin'], { projectId: '', systemScope: 'all' });
  const domain = who(['admin'], { projectId: '', domainId: 'default' });
  const plain = opened('').rules;
  for (const rule of ['get_network', 'create_network', 'get_agent', 'context_is_admin', 'get_flavor']) {
    expect([plain.reduce(rule, system), plain.reduce(rule, domain)]).toEqual([false, false]);
  }
  const { rules } = opened(
    'context_is_admin: "role:admin and (system_scope:all or not domain_id:other)"\nget_agent: "role:admin and domain_id:default"',
  );
  expect([rules.reduce('get_network', system), rules.reduce('update_agent', domain)]).toEqual([true, true]);
  expect([rules.reduce('get_agent', system), rules.reduce('get_agent', domain)]).toEqual([false, true]);
  expect(rules.reduce('get_flavor', domain)).toBe(false);
});
