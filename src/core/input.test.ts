// From a body to canonical values or to the exact refusal, in the order of checks that the API has.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Actor } from '#identity/actor.ts';
import { policies, resources } from '#resources/index.ts';
import { network } from '#resources/network/schema.ts';
import { port } from '#resources/port/schema.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { ApiError } from './errors.ts';
import { createBodies, innerBody, parseCreate, parseUpdate } from './input.ts';
import { Policy } from './policy.ts';
import type { Resource } from './resource.ts';

const [networks, subnets, ports] = [network, subnet, port] as unknown as [Resource, Resource, Resource];
const policy = new Policy(policies);
const who = (role: string): Actor => ({ userId: 'u', userName: 'u', projectId: 'mine', projectName: 'mine', domainId: '', roles: [role] });
const NETWORK = '11111111-2222-4333-8444-555555555555';

const refused = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof ApiError && error.status === 400) return `${error.type}: ${error.message}`;
    throw error;
  }
  return 'accepted';
};
const bad = (text: string): string => `HTTPBadRequest: ${text}`;

describe('a body', () => {
  const single = (body: unknown): string => refused(() => innerBody(networks, body));
  const any = (body: unknown): string => refused(() => createBodies(networks, body));
  test.each<[unknown, string]>([
    [{ network: {} }, 'accepted'],
    [{ networks: [{}, { network: {} }] }, 'accepted'],
    [{}, bad("Unable to find 'network' in request body")],
    [{ network: null }, bad("Unable to find 'network' in request body")],
    [{ network: [] }, bad("Object 'network' contains invalid data")],
    [{ network: 'x' }, bad("Object 'network' contains invalid data")],
    [{ networks: [] }, bad('Resources required')],
    [{ networks: {} }, bad("Unable to find 'network' in request body")],
    [{ networks: [5] }, bad("Object 'network' contains invalid data")],
    [{ subnet: {} }, bad("Unable to find 'network' in request body")],
    [null, bad("Unable to find 'network' in request body")],
    [undefined, bad("Unable to find 'network' in request body")],
    [[], bad('Resource body required')],
    ['x', bad('Resource body required')],
  ])('%j', (body, answer) => {
    expect(any(body)).toBe(answer);
  });

  test('of an update is one object', () => {
    expect(single({ network: {} })).toBe('accepted');
    expect(single({ networks: [{}] })).toBe(bad("Unable to find 'network' in request body"));
  });

  test('of several says so where a resource has no bulk', () => {
    expect(refused(() => createBodies({ ...networks, bulk: false }, { networks: [{}] }))).toBe(bad('Bulk operation not supported'));
  });

  test('an attribute named like the resource is not mistaken for a wrapper', () => {
    const { items } = createBodies(networks, { networks: [{ network: {}, name: 'x' }] });
    expect(items).toEqual([{ network: {}, name: 'x' }]);
  });
});

describe('a create', () => {
  const create = (resource: Resource, body: object, role = 'member') =>
    parseCreate(resource, body as Record<string, unknown>, who(role), policy);

  test('gets defaults, the caller’s project and canonical values, and knows what the client gave', () => {
    const { values, given } = create(networks, {
      name: 'n',
      admin_state_up: 'no',
      'provider:segmentation_id': '7',
      dns_domain: 'Example.ORG.',
    });
    expect(values).toMatchObject({
      name: 'n',
      project_id: 'mine',
      admin_state_up: false,
      shared: false,
      'router:external': false,
      'provider:segmentation_id': 7,
      port_security_enabled: true,
      dns_domain: 'example.org.',
      description: '',
    });
    expect([...given].sort()).toEqual(['admin_state_up', 'dns_domain', 'name', 'provider:segmentation_id']);
  });

  test.each<[Resource, object, string]>([
    [networks, { tenant_id: 'a', project_id: 'b' }, bad("'project_id' and 'tenant_id' do not match")],
    [
      networks,
      { tenant_id: 'other', bogus: 1 },
      bad("Specifying 'project_id' other than the authenticated project in request is not allowed for the current user."),
    ],
    [networks, { bogus: 1, more: 2, status: 'x' }, bad("Unrecognized attribute(s) 'bogus, more'")],
    [networks, { status: 'ACTIVE', name: 5 }, bad("Attribute 'status' not allowed in POST")],
    [networks, { id: NETWORK }, bad("Attribute 'id' not allowed in POST")],
    [subnets, { cidr: 'x' }, bad("Failed to parse request. Required attribute 'network_id' not specified")],
    [subnets, { network_id: NETWORK, cidr: 'x' }, bad("Failed to parse request. Required attribute 'ip_version' not specified")],
    [
      ports,
      { network_id: 'x', admin_state_up: 'maybe' },
      "InvalidInput: Invalid input for operation: 'maybe' cannot be converted to boolean.",
    ],
    [ports, { network_id: 'x', name: 5 }, bad("Invalid input for name. Reason: '5' is not a valid string.")],
    [ports, { network_id: 'x' }, bad("Invalid input for network_id. Reason: 'x' is not a valid UUID.")],
    [ports, { network_id: null }, bad("Invalid input for network_id. Reason: 'None' is not a valid UUID.")],
    [ports, { network_id: NETWORK, mac_address: 'x' }, bad("Invalid input for mac_address. Reason: 'x' is not a valid MAC address.")],
    [
      ports,
      { network_id: NETWORK, fixed_ips: null },
      bad("Invalid input for fixed_ips. Reason: Invalid data format for fixed IP: 'None'."),
    ],
    [
      ports,
      { network_id: NETWORK, 'binding:vnic_type': 'x' },
      bad('Invalid input for binding:vnic_type. Reason: x is not in valid_values.'),
    ],
    [
      ports,
      { network_id: NETWORK, name: 'x'.repeat(256) },
      bad(`Invalid input for name. Reason: '${'x'.repeat(256)}' exceeds maximum length of 255.`),
    ],
    [
      subnets,
      { network_id: NETWORK, ip_version: 5, cidr: '10.0.0.0/24' },
      bad('Invalid input for ip_version. Reason: 5 is not in valid_values.'),
    ],
    [
      subnets,
      { network_id: NETWORK, ip_version: 4, cidr: '10.0.0.0/33' },
      bad("Invalid input for cidr. Reason: '10.0.0.0/33' is not a valid IP subnet."),
    ],
    [subnets, { network_id: NETWORK, ip_version: 4, cidr: 5 }, 'InvalidInput: Invalid input for operation: 5 is not in a CIDR format.'],
  ])('of %s that is refused: %j', (resource, body, answer) => {
    expect(refused(() => create(resource, body))).toBe(answer);
  });

  test('for another project is an administrator’s', () => {
    expect(create(networks, { tenant_id: 'other' }, 'admin').values.project_id).toBe('other');
    expect(create(networks, { tenant_id: 'mine', project_id: 'mine' }).values.project_id).toBe('mine');
  });

  test('by a caller without a project must name one', () => {
    const nowhere = { ...who('admin'), projectId: '' };
    expect(refused(() => parseCreate(networks, {}, nowhere, policy))).toBe(
      bad("Failed to parse request. Required attribute 'project_id' not specified"),
    );
  });
});

describe('an update', () => {
  test('holds only what was given', () => {
    expect(parseUpdate(ports, { admin_state_up: 0, extra_dhcp_opts: null }).values).toEqual({ admin_state_up: false, extra_dhcp_opts: [] });
    expect(parseUpdate(networks, {}).values).toEqual({});
  });
  test.each<[Resource, object, string]>([
    [networks, { id: NETWORK }, bad('Cannot update read-only attribute id')],
    [networks, { status: 'DOWN' }, bad('Cannot update read-only attribute status')],
    [networks, { project_id: 'mine' }, bad('Cannot update read-only attribute project_id')],
    [subnets, { cidr: 'x', enable_dhcp: 'maybe' }, bad('Cannot update read-only attribute cidr')],
    [subnets, { bogus: 1, cidr: 'x' }, bad("Unrecognized attribute(s) 'bogus'")],
    [subnets, { gateway_ip: '10.0.0.256' }, bad("Invalid input for gateway_ip. Reason: '10.0.0.256' is not a valid IP address.")],
    [ports, { name: null }, bad("Invalid input for name. Reason: 'None' is not a valid string.")],
  ])('of %s that is refused: %j', (resource, body, answer) => {
    expect(refused(() => parseUpdate(resource, body as Record<string, unknown>))).toBe(answer);
  });
});

describe.each(resources.map(({ resource }) => [resource.name, resource] as const))('whatever is sent for a %s', (_, resource) => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(NETWORK, '10.0.0.0/24', '10.0.0.1', '::', 'true', -1, 2 ** 53));
  const name = fc.oneof(
    fc.constantFrom(...resource.fields.map((field) => field.name), 'tenant_id', '__proto__', 'constructor'),
    fc.string(),
  );
  const body = fc.oneof(fc.dictionary(name, value), fc.jsonValue());

  test('is understood or refused by the API, and makes nothing but attributes', () => {
    fc.assert(
      fc.property(body, fc.boolean(), (inner, bulk) => {
        const whole = JSON.parse(JSON.stringify(bulk ? { [resource.collection]: [inner] } : { [resource.name]: inner })) as unknown;
        for (const parse of [
          () => createBodies(resource, whole).items.map((item) => parseCreate(resource, item, who('admin'), policy)),
          () => [parseUpdate(resource, innerBody(resource, whole))],
        ]) {
          try {
            for (const { values, given } of parse()) {
              for (const key of [...Object.keys(values), ...given]) expect(resource.field.has(key)).toBe(true);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(ApiError);
            expect((error as ApiError).status).toBe(400);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
