// The DHCP plan by example: each folder of cases/ is a wish, a sight and the steps between them. A sight is written as the wish that the host
// was last brought to (`left`), and what has happened since.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { DesiredValue } from '#desired/objects.ts';
import { stepText } from '#host/steps.ts';
import { bareHost, type FakeHost, fold, NO_SERVER } from '#test/dhcp-wishes.ts';
import { desiredMap } from '#test/l2-wishes.ts';
import { planDhcp } from './plan.ts';
import type { DhcpActual, ServerSight } from './sight.ts';

const CASES = new URL('cases/', import.meta.url);

interface Written {
  readonly left?: readonly DesiredValue[];
  /** What is not as it was left: of the host, and by network. */
  readonly since?: Partial<Omit<DhcpActual, 'servers' | 'devices'>>;
  readonly servers?: Readonly<Record<string, Partial<Omit<ServerSight, 'files'>>>>;
  readonly devicesGone?: readonly string[];
}

function hostOf({ left = [], since = {}, servers = {}, devicesGone = [] }: Written): FakeHost {
  const host = bareHost();
  for (const step of planDhcp(desiredMap(left), host.actual, 'all').steps) fold(host, step);
  for (const [id, sight] of Object.entries(servers)) host.servers.set(id, { ...(host.servers.get(id) ?? NO_SERVER), ...sight });
  const devices = new Set([...host.actual.devices].filter((device) => !devicesGone.includes(device)));
  host.actual = { ...host.actual, ...since, devices };
  return host;
}

const read = (name: string, file: string) => parse(readFileSync(new URL(`${name}/${file}.yaml`, CASES), 'utf8')) as unknown;

test.each(readdirSync(CASES))('%s', async (name) => {
  const desired = desiredMap((read(name, 'desired') ?? []) as DesiredValue[]);
  const host = hostOf((read(name, 'actual') ?? {}) as Written);
  const { steps, waiting, again } = planDhcp(desired, host.actual, 'all');
  const lines = [
    ...steps.flatMap((step) => [
      stepText(step),
      ...(step.tool === 'file'
        ? (step.content ?? '')
            .split('\n')
            .slice(0, -1)
            .map((line) => `  | ${line}`)
        : []),
    ]),
    ...[...waiting].sort().map(([key, why]) => `waiting ${key}: ${why}`),
    ...[...(again ?? [])].sort().map(([network, wait]) => `again ${network} in ${wait} ms`),
  ];
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(new URL(`${name}/plan.txt`, CASES).pathname);
  for (const step of steps) fold(host, step);
  if (waiting.size === 0) expect(planDhcp(desired, host.actual, 'all').steps.map(stepText)).toEqual([]);
});

test('a server that cannot be looked at is left alone, and its port and network say why', () => {
  const desired = read('as-wished', 'desired') as DesiredValue[];
  const { actual } = hostOf({ left: desired });
  const [id = ''] = actual.servers.keys();
  const unseen = new Map([[id, 'cannot look into it']]);
  const { steps, waiting, again } = planDhcp(desiredMap(desired), { ...actual, servers: new Map(), unseen }, 'all');
  expect(steps).toEqual([]);
  expect(waiting).toEqual(new Map([...desiredMap(desired).keys()].map((key) => [key, 'cannot look into it'])));
  expect(again?.has(id)).toBe(true);
});

test('a round over one network leaves what is of others alone', () => {
  const desired = read('as-wished', 'desired') as DesiredValue[];
  const { actual } = hostOf({ left: desired });
  const [id = ''] = actual.servers.keys();
  expect(planDhcp(new Map(), actual, new Set(['99999999-aaaa-4000-8000-000000000009'])).steps).toEqual([]);
  expect(planDhcp(desiredMap(desired), actual, new Set([id])).steps).toEqual([]);
});

test('the last network takes the lease bus along, in a round of its own too', () => {
  const host = hostOf({ left: read('as-wished', 'desired') as DesiredValue[] });
  const [first = '', ...others] = host.actual.servers.keys();
  expect(others).toEqual([]);
  for (const step of planDhcp(new Map(), host.actual, new Set([first])).steps) fold(host, step);
  expect(host.actual.bus).toEqual({ config: null, running: false });
  expect(planDhcp(new Map(), host.actual, 'all').steps).toEqual([]);
});
