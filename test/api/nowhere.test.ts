// What is another project's is as what is nowhere: every id that a body may name, told apart by no status, type or text. Made from the declarations
// and from workshop.ts, so that new resources are in it.
import type { HTTPMethods } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '#core/resource.ts';
import { resources } from '#resources/index.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, NOWHERE, openCloud } from './cloud.ts';
import { isMade, Workshop } from './workshop.ts';

const unlimited = Object.fromEntries(resources.flatMap(({ resource: { name, quota } }) => (quota === undefined ? [] : [[name, -1]])));
const kinds = resources.filter(({ resource }) => isMade(resource.name));

/** The API tells these two apart: it forbids to make something below what is there. */
const FORBIDDEN = ['subnet.network_id', 'security_group_rule.security_group_id'];

/** Attributes that hold ids inside. */
const NESTED: Readonly<Record<string, (id: string) => unknown>> = {
  fixed_ips: (id) => [{ subnet_id: id }],
  external_gateway_info: (id) => ({ network_id: id }),
  security_groups: (id) => [id],
  service_profiles: (id) => [id],
  sub_ports: (id) => [{ port_id: id, segmentation_type: 'inherit' }],
};

/** What actions are told. */
const BODIES: readonly ((id: string) => object)[] = [
  (id) => ({ subnet_id: id }),
  (id) => ({ port_id: id }),
  (id) => ({ subnet_id: id, port_id: id }),
  (id) => ({ network_id: id }),
  (id) => ({ sub_ports: [{ port_id: id, segmentation_type: 'inherit' }] }),
  (id) => ({ sub_ports: [{ port_id: id, segmentation_type: 'vlan', segmentation_id: 5 }] }),
  (id) => ({ service_profile: { id } }),
];

describe.each(engines())('nowhere and elsewhere on $name', (engine) => {
  let cloud: Cloud;
  let workshop: Workshop;
  const foreign: string[] = [];
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: unlimited } });
    workshop = new Workshop(cloud);
    for (const host of ['host', 'other']) await cloud.join(host);
    const admins = ['flavor', 'service_profile', 'default_security_group_rule'];
    for (const { resource } of kinds.filter((kind) => !admins.includes(kind.resource.name))) {
      const { row } = await workshop.make(resource.name, cloud.stranger);
      if (typeof row.id === 'string') foreign.push(row.id);
    }
  }, 60_000);
  afterAll(() => cloud.close());

  /** What a request with an id is told, but for the id. */
  async function told(method: HTTPMethods, path: string, body: object, id: string): Promise<string> {
    const { status, text } = await cloud.as(cloud.manager)(method, path, body);
    return status < 400 ? `${status}` : `${status} ${text.replaceAll(id, 'ID')}`;
  }

  /** Tells of the foreign ids that are told apart from one that is nowhere. */
  async function apart(method: HTTPMethods, path: string, bodyOf: (id: string) => object): Promise<string[]> {
    const nothing = await told(method, path, bodyOf(NOWHERE), NOWHERE);
    const found: string[] = [];
    for (const id of foreign) {
      const answer = await told(method, path, bodyOf(id), id);
      if (answer !== nothing) found.push(`${method} ${path} ${JSON.stringify(bodyOf(id))}: ${answer}; but nowhere: ${nothing}`);
    }
    return found;
  }

  const referring = ({ fields }: Resource, how: 'post' | 'put') =>
    fields.filter(
      ({ name, [how]: may }) => may && !['id', 'project_id', 'device_id'].includes(name) && (name.endsWith('_id') || NESTED[name]),
    );

  test.each(kinds.map((kind) => [kind.resource.name, kind] as const))('%s', { timeout: 120_000 }, async (name, { resource, actions }) => {
    const { attributes, parent } = await workshop.wish(name);
    const made = await workshop.make(name);
    const found: string[] = [];
    for (const field of referring(resource, 'post').filter((one) => !FORBIDDEN.includes(`${name}.${one.name}`))) {
      const given = NESTED[field.name] ?? ((id: string) => id);
      const bodyOf = (id: string) => ({ [resource.key]: { ...attributes, [field.name]: given(id) } });
      found.push(...(await apart('POST', workshop.path(resource, parent), bodyOf)));
    }
    for (const field of resource.operations.includes('update') ? referring(resource, 'put') : []) {
      const given = NESTED[field.name] ?? ((id: string) => id);
      found.push(...(await apart('PUT', made.path, (id) => ({ [resource.key]: { [field.name]: given(id) } }))));
    }
    for (const action of actions.filter(({ method }) => method === 'PUT' || method === 'POST')) {
      for (const bodyOf of BODIES) found.push(...(await apart(action.method, `${made.path}/${action.name}`, bodyOf)));
    }
    expect(found).toEqual([]);
  });
});
