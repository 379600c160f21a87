// Every command of `openstack` about networking that concerns what is served stands in a test of this folder.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { needs, python, run } from './clients.ts';

/** Commands about what is not served, or that do not ask the Networking API. */
const BEYOND = [
  /^(bgp|bgpvpn|sfc|vpn|firewall) /, // services of their own
  /^floating ip pool list$/, // of Compute's old networking alone
];

const COMMANDS = `
import json
from importlib.metadata import entry_points
groups = ['openstack.network.v2', 'openstack.neutronclient.v2']
print(json.dumps(sorted({point.name.replace('_', ' ') for group in groups for point in entry_points(group=group)})))
`;

beforeEach(needs('openstackclient', 'python3-openstackclient'));

test('every command is tried', async () => {
  const { stdout } = await run(python, ['-W', 'ignore', '-c', COMMANDS]);
  const files = readdirSync(import.meta.dirname).filter((name) => /^openstack-.*\.test\.ts$/.test(name));
  const tests = files.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n');
  const commands = (JSON.parse(stdout) as string[]).filter((command) => !BEYOND.some((beyond) => beyond.test(command)));
  expect(commands.length).toBeGreaterThan(140);
  expect(commands.filter((command) => !tests.includes(command))).toEqual([]);
});
