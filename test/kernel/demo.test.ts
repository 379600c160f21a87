// `isospin demo`: what it shows, and that nothing of it is left, however it ends. Its processes are known by a variable that all of them inherit.
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { listNamespaces } from '#host/netns.ts';
import { runProgram } from '#host/process.ts';
import { isospin, scratch, start } from '#test/cluster/program.ts';
import { until } from './host.ts';

const place = scratch();
afterAll(() => place.remove());

/** Of this machine: what a demo could leave on it. */
async function sight() {
  const links = JSON.parse((await runProgram(['ip', '-j', 'link', 'show'])).stdout) as { ifname: string }[];
  return {
    links: links.map(({ ifname }) => ifname),
    namespaces: await listNamespaces(),
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    files: readdirSync(temporary),
  };
}

const temporary = place.file('tmp');
mkdirSync(temporary);
let run = '';
let before: Awaited<ReturnType<typeof sight>>;
beforeEach(async () => {
  run = randomUUID();
  before = await sight();
});
afterEach(async () => {
  await until('no process of the demo is left', () => processes().length === 0);
  expect(await sight()).toEqual(before);
});

const surroundings = () => ({ env: { DEMO_RUN: run, TMPDIR: temporary } });

/** Processes of this run of the demo. */
function processes(): string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/environ`, 'latin1').includes(`DEMO_RUN=${run}`);
    } catch {
      return false;
    }
  });
}

interface Demo {
  readonly steps: { title: string; number: number; seconds: number; lines: string[]; facts: Record<string, unknown> }[];
  readonly seconds: number;
}

test('it shows two projects with the same addresses on two hosts, by what the kernel counts', { timeout: 120_000 }, async () => {
  const { code, stdout, stderr } = await isospin(['demo', '--json'], surroundings());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { steps, seconds } = JSON.parse(stdout) as Demo;
  expect(steps.map(({ number }) => number)).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
  // biome-ignore lint/suspicious/noExplicitAny: facts are looked into, and a wrong guess fails the test
  const facts: any = Object.assign({}, ...steps.map((step) => step.facts));
  expect(facts).toMatchObject({ underlay_mtu: 1500, agents_alive: 6, cidr: '10.0.0.0/24', left: [], removed: [], processes: 0 });
  expect(facts.projects).toMatchObject([
    { name: 'red', mtu: 1450 },
    { name: 'blue', mtu: 1450 },
  ]);
  expect(facts.projects[0].vni).not.toBe(facts.projects[1].vni);
  expect(facts.instances).toEqual([
    { name: 'red-1', host: 'host1', address: '10.0.0.11' },
    { name: 'red-2', host: 'host2', address: '10.0.0.12' },
    { name: 'blue-1', host: 'host1', address: '10.0.0.11' },
    { name: 'blue-2', host: 'host2', address: '10.0.0.12' },
  ]);
  expect(facts.pings.map(({ from, to }: { from: string; to: string }) => `${from} ${to}`)).toEqual([
    'red-1 red-2',
    'red-2 red-1',
    'blue-1 blue-2',
    'blue-2 blue-1',
  ]);
  for (const { sent, answered } of facts.pings) expect([sent, answered]).toEqual([10, 10]);
  const nothingStrayed = { to: '10.0.0.12', arrived: 10, strayed: 0, overheard: 0 };
  expect(facts.apart).toMatchObject([
    { ...nothingStrayed, from: 'red-1', reached: 'red-2', stranger: 'blue-2' },
    { ...nothingStrayed, from: 'blue-1', reached: 'blue-2', stranger: 'red-2' },
  ]);
  expect(facts.apart[0].mac).not.toBe(facts.apart[1].mac);
  expect(facts).toMatchObject({ mtu: 1450, larger_refused: true, lost: 0, changes: 0 });
  expect(steps[7]?.facts.answered).toBeGreaterThan(5);
  expect(facts.entries_before).toBeGreaterThan(0);
  expect(facts.entries_after).toBe(0);
  process.stdout.write(`isospin demo took ${seconds} s\n`);
});

test('interrupted by Ctrl-C it says so in one line and ends everything', { timeout: 90_000 }, async () => {
  const program = start(['demo'], { ...surroundings(), prefix: ['setsid'] });
  await until('the instances run', () => program.stdout.includes('4. Instances'), 60_000);
  expect(processes().length).toBeGreaterThan(10);
  expect((await sight()).links).toEqual(before.links);
  // As a terminal does: to every process of its group.
  process.kill(-(program.child.pid ?? 0), 'SIGINT');
  expect(await program.ended()).toBe(1);
  expect(program.said).toEqual(['isospin: the demo was interrupted: nothing of it is left']);
  expect(processes()).toEqual([]);
});

test('killed with SIGKILL it leaves nothing either', { timeout: 90_000 }, async () => {
  const program = start(['demo'], surroundings());
  await until('the hosts have joined', () => program.stdout.includes('2. The hosts'), 60_000);
  expect(processes().length).toBeGreaterThan(5);
  await program.end('SIGKILL');
});

test('a step that fails is one line and status 1', { timeout: 90_000 }, async () => {
  const tools = place.file('tools');
  mkdirSync(tools);
  writeFileSync(join(tools, 'udhcpc'), '#!/bin/sh\necho udhcpc: no lease, failing >&2\nexit 1\n');
  chmodSync(join(tools, 'udhcpc'), 0o755);
  const { env } = surroundings();
  const { code, said, stdout } = await isospin(['demo'], { env: { ...env, PATH: `${tools}:${process.env.PATH}` } });
  expect(code).toBe(1);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    /^isospin: the demo failed at step 4 \(Instances get their addresses by DHCP\): .*no lease, failing; nothing of it is left$/,
  );
  expect(stdout).toContain(' 3. Two projects');
  expect(processes()).toEqual([]);
});

test('it needs root, and the programs that it runs', { timeout: 60_000 }, async () => {
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const refused = await isospin(['demo'], { ...surroundings(), prefix: nobody });
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.said).toHaveLength(1);
  expect(refused.said[0]).toContain('needs root');
  const hidden = ['unshare', '--mount', 'sh', '-c', 'mount --bind /dev/null "$(command -v openssl)" && exec "$@"', 'sh'];
  const lacking = await isospin(['demo'], { ...surroundings(), prefix: hidden });
  expect(lacking).toMatchObject({ code: 1, stdout: '' });
  expect(lacking.said).toEqual(['isospin: this machine cannot show the demo: openssl is not installed (Debian package openssl)']);
});
