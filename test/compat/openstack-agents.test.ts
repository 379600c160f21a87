// The `openstack` command on agents and on what they do for ports, against `isospin up` on a throw-away host: the client runs there too.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isospin, type Program, passwordOf, ready, start } from '#test/cluster/program.ts';
import { makeHost, ping, type TestHost, until } from '#test/kernel/host.ts';
import { whyNoNamespaces } from '#test/machine.ts';
import { needs, variablesOf } from './clients.ts';
import { openShell, type Shell } from './shell.ts';

const obstacle = whyNoNamespaces();
let home: string;
let host: TestHost;
let up: Program;
let admin: Shell;
let state: string;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  home = mkdtempSync(join(tmpdir(), 'isospin-compat-'));
  state = join(home, 'state');
  host = await makeHost('node1');
  up = start(['up', '--state', state, '--listen', '127.0.0.1:0', '--host', 'node1', '--availability-zone', 'east'], { host });
  const url = await ready(up);
  admin = openShell(home, variablesOf(url, 'admin', passwordOf(state), 'admin'), host.on([]));
});
afterAll(async () => {
  if (obstacle !== undefined) return;
  await admin.end();
  await up.end();
  await host.close();
  rmSync(home, { recursive: true, force: true });
});
beforeEach((context) => context.skip(obstacle !== undefined, obstacle));
beforeEach(needs('openstackclient', 'python3-openstackclient'));

const does = (line: string) => admin.run(line);
const lists = (line: string) => admin.list(line);
const shows = (line: string) => admin.show(line);
const fails = (line: string) => admin.fails(line);

describe('agents', { timeout: 60_000 }, () => {
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

  test('carry a router, lose it and get it back', async () => {
    await does('router create carried');
    const [l3] = await lists('network agent list --agent-type l3');
    const id = String(l3?.ID);
    const carried = async () => (await lists(`router list --agent ${id}`)).map(({ Name }) => Name);
    if ((await carried()).includes('carried')) await does(`network agent remove router --l3 ${id} carried`);
    expect(await carried()).not.toContain('carried');
    await does(`network agent add router --l3 ${id} carried`);
    expect(await carried()).toContain('carried');
    expect((await lists('network agent list --router carried')).map(({ Host }) => Host)).toEqual(['node1']);
    await does(`network agent remove router --l3 ${id} carried`);
    expect(await lists('network agent list --router carried')).toEqual([]);
    await does('router delete carried');
  });

  test('are in the zone of their host, which networks and routers may ask for', async () => {
    const zones = await lists('availability zone list --network --long');
    expect(zones.map((zone) => `${zone['Zone Name']} ${zone['Zone Status']} ${zone['Zone Resource']}`).sort()).toEqual([
      'east available network',
      'east available router',
    ]);
    await does('network create zoned --availability-zone-hint east');
    await does('subnet create zoned --network zoned --subnet-range 10.8.0.0/24');
    await until('the network is scheduled', async () => (await lists('network agent list --network zoned')).length === 1, 10_000);
    expect(await shows('network show zoned')).toMatchObject({ availability_zone_hints: ['east'], availability_zones: ['east'] });
    expect(await shows('router create zoned --availability-zone-hint east')).toMatchObject({ availability_zone_hints: ['east'] });
    expect(await fails('network create nowhere --availability-zone-hint west')).toMatch(/AvailabilityZone west could not be found/);
    await does('router delete zoned');
    await does('network delete zoned');
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
    await admin.end();
    await up.end();
    up = start(['up', '--state', state, '--listen', '127.0.0.1:0', '--host', 'node2'], { host });
    const url = await ready(up);
    admin = openShell(home, variablesOf(url, 'admin', passwordOf(state), 'admin'), host.on([]));
    expect(await lists('network agent list')).toHaveLength(6);
    await does(`network agent delete ${bridge?.ID}`);
    expect(await lists('network agent list --host node1')).toHaveLength(2);
    expect(await fails(`network agent show ${bridge?.ID}`)).toMatch(/404|No Agent found/);
  });
});
