// The Linux bridge plan by example: each folder of cases/ is a wish, a sight and the steps between them.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { DesiredValue } from '#desired/objects.ts';
import { foldStep } from '#host/fake.ts';
import { type HostLinks, type Link, neighboursOf, noLinks, tunnelOf } from '#host/links.ts';
import { type Step, stepText } from '#host/steps.ts';
import { desiredMap, plainLink } from '#test/l2-wishes.ts';
import { planL2 } from './plan.ts';
import type { L2Actual } from './sight.ts';

const CASES = new URL('cases/', import.meta.url);
/** What a case file leaves out of a link. */
const LINK = { ...plainLink, up: false };

interface Written {
  readonly vlan?: boolean;
  readonly guard?: boolean;
  readonly physical?: Record<string, string>;
  readonly links?: Record<string, Partial<Link>>;
  readonly tunnels?: Record<string, { remotes?: Record<string, string[]>; pinned?: string[] }>;
  readonly neighbours?: Record<string, Record<string, string>>;
  readonly addressed?: string[];
}

function actualOf(written: Written): L2Actual {
  const host: HostLinks = noLinks();
  for (const [name, link] of Object.entries(written.links ?? {})) host.links.set(name, { ...LINK, ...link, name });
  for (const [device, { remotes = {}, pinned = [] }] of Object.entries(written.tunnels ?? {})) {
    const tunnel = tunnelOf(host, device);
    for (const [mac, endpoints] of Object.entries(remotes)) tunnel.remotes.set(mac, new Set(endpoints));
    for (const mac of pinned) tunnel.pinned.add(mac);
  }
  for (const [bridge, entries] of Object.entries(written.neighbours ?? {})) {
    for (const [ip, mac] of Object.entries(entries)) neighboursOf(host, bridge).set(ip, mac);
  }
  for (const device of written.addressed ?? []) host.addressed.add(device);
  return { host, guard: written.guard, vlan: written.vlan ?? false, ipv6: true, physical: new Map(Object.entries(written.physical ?? {})) };
}

const read = (name: string, file: string) => parse(readFileSync(new URL(`${name}/${file}.yaml`, CASES), 'utf8')) as unknown;

test.each(readdirSync(CASES))('%s', async (name) => {
  const desired = desiredMap(read(name, 'desired') as DesiredValue[]);
  const actual = actualOf(read(name, 'actual') as Written);
  const { steps, waiting } = planL2(desired, actual, 'all');
  const lines = [...steps.map(stepText), ...[...waiting].sort().map(([key, why]) => `waiting ${key}: ${why}`)];
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(new URL(`${name}/plan.txt`, CASES).pathname);
  for (const step of steps) expect(foldStep(actual.host, step), stepText(step)).toBeUndefined();
  expect(planL2(desired, actual, 'all').steps.map(stepText)).toEqual([]);
});

test('the guard is there from the first network to the last, whatever the round is over, and every device of ours is marked for it', () => {
  const desired = desiredMap(read('vxlan-from-nothing', 'desired') as DesiredValue[]);
  const actual = { ...actualOf(read('vxlan-from-nothing', 'actual') as Written), guard: false };
  const { steps } = planL2(desired, actual, 'all');
  expect(stepText(steps[0] as Step)).toMatch(/^run nft add table inet isospin_host; .*iifgroup 26995 drop$/);
  for (const step of steps) foldStep(actual.host, step);
  const ours = [...actual.host.links.values()].filter(({ name }) => /^(brqa|vxlan-42|tap1)/.test(name));
  expect(ours.map(({ group }) => group)).toEqual(['26995', '26995', '26995']);
  const guarded = { ...actual, guard: true };
  expect(planL2(desired, guarded, 'all').steps).toEqual([]);
  const elsewhere = new Set(['cccccccc-3333-4333-8333-333333333333']);
  expect(planL2(new Map(), guarded, elsewhere).steps).toEqual([]);
  const [network] = desired.values();
  const last = planL2(new Map(), guarded, new Set([network?.value.network_id ?? ''])).steps.map(stepText);
  expect(last[0]).toBe('run nft delete table inet isospin_host');
});

test('a round over one network leaves what is of others alone', () => {
  const desired = desiredMap(read('vxlan-as-wished', 'desired') as DesiredValue[]);
  const actual = actualOf(read('vxlan-as-wished', 'actual') as Written);
  expect(planL2(new Map(), actual, new Set(['cccccccc-3333-4333-8333-333333333333'])).steps).toEqual([]);
  expect(planL2(desired, actual, new Set(['aaaaaaaa-1111-4111-8111-111111111111'])).steps).toEqual([]);
  expect(planL2(new Map(), actual, new Set(['aaaaaaaa-1111-4111-8111-111111111111'])).steps.map(stepText)).toEqual([
    'ip link del dev brqaaaaaaaa-11',
    'ip link del dev vxlan-42',
  ]);
});
