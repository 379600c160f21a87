// The `openstack` command on agents and on what they do for ports, against `isospin up` on a throw-away host: the client runs there too.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isospin, type Program, passwordOf, ready, start } from '#test/cluster/program.ts';
import { makeHost, ping, type TestHost, until } from '#test/kernel/host.ts';
import { whyNoNamespaces } from '#test/machine.ts';
import { type Clients, clientsOf, needs, variablesOf, words } from './clients.ts';

const obstacle = whyNoNamespaces();
let home: string;
let host: TestHost;
let up: Program;
let admin: Clients;
let state: string;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  home = mkdtempSync(join(tmpdir(), 'isospin-compat-'));
  state = join(home, 'state');
  host = await makeHost('node1');
  up = start(['up', '--state', state, '--listen', '127.0.0.1:0', '--host', 'node1'], { host });
  const url = await ready(up);
  admin = clientsOf(home, variablesOf(url, 'admin', passwordOf(state), 'admin'), host.on([]));
});
afterAll(async () => {
  if (obstacle !== undefined) return;
  await up.end();
  await host.close();
  rmSync(home, { recursive: true, force: true });
});
beforeEach((context) => context.skip(obstacle !== undefined, obstacle));
beforeEach(needs('openstackclient', 'python3-openstackclient'));

const does = (line: string) => admin.openstack(...words(line));
const lists = (line: string) => admin.list(...words(line));
const shows = (line: string) => admin.show(...words(line));
const fails = (line: string) => admin.failure(...words(line));

describe('agents', { timeout: 120_000 }, () => {
  test('are listed, shown, described, taken out and put back', async () => {
    const all = await lists('network agent list');
    expect(all.map((row) => [row['Agent Type'], row.Host, row.Alive, row.State].join(' ')).sort()).toEqual([
      'DHCP agent node1 true true',
      'L3 agent node1 true true',
      'Linux bridge agent node1 true true',
    ]);
    expect(await lists('network agent list --agent-type dhcp')).toHaveLength(1);
    expect(await lists('network agent list --host node1')).toHaveLength(3);
    expect(await lists('network agent list --host elsewhere')).toEqual([]);
    expect(await lists('network agent list --long')).toHaveLength(3);
    const [dhcp] = await lists('network agent list --agent-type dhcp');
    const id = String(dhcp?.ID);
    expect(await shows(`network agent show ${id}`)).toMatchObject({ agent_type: 'DHCP agent', host: 'node1', alive: true });
    await does(`network agent set ${id} --description spare --disable`);
    expect(await shows(`network agent show ${id}`)).toMatchObject({ description: 'spare', admin_state_up: false });
    await does(`network agent set ${id} --enable`);
    expect(await shows(`network agent show ${id}`)).toMatchObject({ admin_state_up: true });
    expect(await fails('network agent show 00000000-0000-4000-8000-000000000000')).toMatch(/404|No Agent found/);
  });

  test('serve a network by DHCP, lose it and get it back', async () => {
    await does('network create served');
    await does('subnet create served --network served --subnet-range 10.7.0.0/24');
    const [dhcp] = await lists('network agent list --agent-type dhcp');
    const id = String(dhcp?.ID);
    await until('the network is scheduled', async () => (await lists('network agent list --network served')).length === 1, 10_000);
    expect((await lists(`network list --agent ${id}`)).map(({ Name }) => Name)).toEqual(['served']);
    expect(await lists('port list --network served --device-owner network:dhcp')).toHaveLength(1);
    await does(`network agent remove network --dhcp ${id} served`);
    expect(await lists('network agent list --network served')).toEqual([]);
    expect(await lists('port list --network served --device-owner network:dhcp')).toEqual([]);
    await does(`network agent add network --dhcp ${id} served`);
    expect((await lists(`network list --agent ${id}`)).map(({ Name }) => Name)).toEqual(['served']);
  });

  test('wire two plugged instances that reach each other, and the command shows it', async () => {
    for (const [port, netns] of [
      ['one', 'vm1'],
      ['two', 'vm2'],
    ] as const) {
      await does(`port create ${port} --network served`);
      const plugged = await isospin(['plug', port, '--netns', netns, '--dhcp', '--state', state], { host });
      expect(plugged).toMatchObject({ code: 0, stderr: '' });
    }
    const two = await shows('port show two');
    expect(two).toMatchObject({ status: 'ACTIVE', binding_host_id: 'node1', binding_vif_type: 'bridge' });
    expect(await ping(host, 'vm1', String(two.fixed_ips[0].ip_address), 3)).toBe(3);
    expect(await lists('port list --host node1 --network served')).toHaveLength(3);
    await does('port set two --disable');
    await until('the port is DOWN', async () => (await shows('port show two')).status === 'DOWN', 10_000);
    await does('port set two --enable');
    await until('the port is ACTIVE', async () => (await shows('port show two')).status === 'ACTIVE', 10_000);
    for (const port of ['one', 'two']) expect(await isospin(['unplug', port, '--state', state], { host })).toMatchObject({ code: 0 });
    expect(await shows('port show two')).toMatchObject({ status: 'DOWN', binding_vif_type: 'unbound' });
    await does('port delete one two');
    await does('network delete served');
    expect(await lists('port list')).toEqual([]);
  });

  test('that are gone are deleted', async () => {
    expect(await isospin(['host', 'add', 'ghost', '--state', state], { host })).toMatchObject({ code: 0 });
    const [bridge] = await lists('network agent list --agent-type linux-bridge');
    await up.end();
    up = start(['up', '--state', state, '--listen', '127.0.0.1:0', '--host', 'node2'], { host });
    const url = await ready(up);
    admin = clientsOf(home, variablesOf(url, 'admin', passwordOf(state), 'admin'), host.on([]));
    expect(await lists('network agent list')).toHaveLength(4);
    await does(`network agent delete ${bridge?.ID}`);
    expect(await lists('network agent list --host node1')).toHaveLength(1);
    expect(await fails(`network agent show ${bridge?.ID}`)).toMatch(/404|No Agent found/);
  });
});
