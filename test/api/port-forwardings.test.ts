// Port forwardings: single ports and ranges, what collides, what they need of a router, and what becomes of them.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { portRange, toPortRange } from '#packs/transport.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { addressOf, type Behind, behind, outside } from './outside.ts';

test.each([
  [1, undefined],
  ['1', undefined],
  ['1:2', undefined],
  ['2:1', 'First port in a port range must be lower than the second port'],
  ['0', 'Invalid port: 0'],
  ['65536', 'Invalid port: 65536'],
  ['a', 'Invalid port: a'],
  ['1:', 'Port range must be two integers separated by a colon'],
  ['1:2:3', 'Port range must be two integers separated by a colon'],
])('a port range %j', (value, reason) => {
  expect(portRange(toPortRange(value))).toBe(reason);
});

describe.each(engines())('port forwardings on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let external: Shown;
  let inside: Behind;
  /** The floating IP and the port of each test. */
  let floating: Shown;
  let port: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { floatingip: -1 } } });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    ({ external } = await outside(cloud, '198.51.100.0/24'));
    inside = await behind(cloud, '10.0.0.0/24', external);
  });
  beforeEach(async () => {
    floating = await cloud.make('floatingip', { floating_network_id: external.id });
    port = await cloud.make('port', { network_id: inside.network.id });
  });
  afterAll(() => cloud.close());

  const post = (attributes: object = {}, as = member, of = floating) =>
    as('POST', `/floatingips/${of.id}/port_forwardings`, {
      port_forwarding: { internal_port_id: port.id, internal_ip_address: addressOf(port), protocol: 'tcp', ...attributes },
    });
  const make = async (attributes: object, of = floating): Promise<Shown> => {
    const made = await post(attributes, member, of);
    if (made.status !== 201) throw new Error(made.text);
    return made.at('port_forwarding') as Shown;
  };
  const pathOf = (one: Shown) => `/floatingips/${floating.id}/port_forwardings/${one.id}`;
  const put = (one: Shown, attributes: object, as = member) => as('PUT', pathOf(one), { port_forwarding: attributes });
  const shown = async (of = floating) => (await member('GET', `/floatingips/${of.id}`)).at('floatingip') as Shown;
  const list = async (query = '') =>
    (await member('GET', `/floatingips/${floating.id}/port_forwardings${query}`)).at('port_forwardings') as Shown[];
  const bad = (msg: string) => `Bad port_forwarding request: ${msg}.`;
  const collides = (side: string, there: string, wanted: string) =>
    bad(`There is a port collision with the ${side}_port_range. The following ranges collides: ${there} and ${wanted}`);

  test('one of a single port, and what the floating IP shows of it', async () => {
    const before = await shown();
    const made = await post({ internal_port: 22, external_port: 2222, description: 'ssh' });
    const row = {
      id: expect.any(String),
      protocol: 'tcp',
      external_port: 2222,
      external_port_range: '2222:2222',
      internal_port_id: port.id,
      internal_ip_address: addressOf(port),
      internal_port: 22,
      internal_port_range: '22:22',
      description: 'ssh',
    };
    expect([made.status, made.body]).toEqual([201, { port_forwarding: row }]);
    const one = made.at('port_forwarding') as Shown;
    expect((await member('GET', pathOf(one))).body).toEqual(made.body);
    const now = await shown();
    expect(now).toMatchObject({ router_id: inside.router.id, port_id: null, fixed_ip_address: null });
    expect(now.port_forwardings).toEqual([
      {
        id: one.id,
        protocol: 'tcp',
        internal_ip_address: addressOf(port),
        internal_port_id: port.id,
        internal_port: 22,
        external_port: 2222,
      },
    ]);
    expect(now.revision_number).toBeGreaterThan(Number(before.revision_number));
    const used = `Floating IP ${floating.id} in use by Port Forwarding resources.`;
    expectError(await member('DELETE', `/floatingips/${floating.id}`), 409, 'FipInUseByPortForwarding', used);
    expect((await member('DELETE', pathOf(one))).status).toBe(204);
    for (const method of ['GET', 'DELETE'] as const) {
      expectError(await member(method, pathOf(one)), 404, 'PortForwardingNotFound', `Port Forwarding ${one.id} could not be found.`);
    }
    expect(await shown()).toMatchObject({ router_id: null, port_forwardings: [] });
    expect((await member('DELETE', `/floatingips/${floating.id}`)).status).toBe(204);
  });

  test('ranges are as long on both sides, or lead to one port', async () => {
    expect(await make({ external_port_range: '200:210', internal_port_range: '100:110' })).toMatchObject({
      external_port: null,
      external_port_range: '200:210',
      internal_port: null,
      internal_port_range: '100:110',
    });
    expect(await make({ external_port_range: '300:310', internal_port_range: 80 })).toMatchObject({
      internal_port: 80,
      internal_port_range: '80:80',
    });
    expect(await make({ external_port: 400, external_port_range: '1:2', internal_port_range: '90' })).toMatchObject({
      external_port_range: '400:400',
    });
    const wrong = bad(
      'Invalid ranges of internal and/or external ports. The relation between internal and external ports must be N-N or 1-N',
    );
    for (const attributes of [
      { external_port_range: '500:509', internal_port_range: '500:501' },
      { external_port: 500, internal_port_range: '500:501' },
      { external_port: 500 },
      { internal_port: 500 },
      { protocol: 'icmp' },
    ]) {
      expectError(await post(attributes), 400, 'BadRequest', wrong);
    }
  });

  test('values are checked', async () => {
    const ports = { internal_port: 1, external_port: 1 };
    for (const [attributes, reason] of [
      [{ ...ports, external_port: 65_536 }, "external_port. Reason: '65536' is too large - must be no larger than '65535'"],
      [{ ...ports, internal_port: 0 }, "internal_port. Reason: '0' is too small - must be at least '1'"],
      [
        { ...ports, external_port_range: '9:8' },
        'external_port_range. Reason: First port in a port range must be lower than the second port',
      ],
      [{ ...ports, protocol: 'TCP' }, 'protocol. Reason: TCP is not in valid_values'],
      [{ ...ports, protocol: '6' }, 'protocol. Reason: 6 is not in valid_values'],
    ] as const) {
      expectError(await post(attributes), 400, 'HTTPBadRequest', `Invalid input for ${reason}.`);
    }
    expectError(await post({ ...ports, protocol: 'x' }), 400, 'InvalidInput');
    expectError(await post({ ...ports, protocol: 6 }), 400, 'InvalidInput');
    for (const protocol of ['udp', 'sctp', 'dccp', 'icmp']) expect((await post({ ...ports, protocol })).status).toBe(201);
  });

  test('collide where they would take the same ports, on either side', async () => {
    await make({ external_port_range: '200:210', internal_port_range: '100:110' });
    for (const [external, internal, text] of [
      ['205:215', '400:410', collides('external', '200:210', '205:215')],
      ['195:200', '400:405', collides('external', '200:210', '195:200')],
      ['205:205', '400:400', collides('external', '200:210', '205:205')],
      ['500:504', '105:109', collides('internal', '100:110', '105:109')],
      ['500:520', '95:115', collides('internal', '100:110', '95:115')],
    ] as const) {
      expectError(await post({ external_port_range: external, internal_port_range: internal }), 400, 'BadRequest', text);
    }
    expect((await post({ external_port_range: '205:215', internal_port_range: '105:115', protocol: 'udp' })).status).toBe(201);
    const second = await cloud.make('floatingip', { floating_network_id: external.id });
    const elsewhere = await post({ external_port: 200, internal_port: 100 }, member, second);
    expectError(elsewhere, 400, 'BadRequest', collides('internal', '100:110', '100:100'));
    expect((await post({ external_port: 200, internal_port: 111 }, member, second)).status).toBe(201);
    const other = await cloud.make('port', { network_id: inside.network.id });
    const to = { internal_port_id: other.id, internal_ip_address: addressOf(other) };
    expect((await post({ ...to, external_port: 211, internal_port: 100 })).status).toBe(201);
  });

  test('of many that want one port at once, one gets it', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => post({ external_port: 7000, internal_port: 7000 + i })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400, 400, 400]);
    expect(new Set(answers.filter(({ status }) => status === 400).map((answer) => answer.at('NeutronError.type')))).toEqual(
      new Set(['BadRequest']),
    );
    const floatings = await Promise.all(Array.from({ length: 4 }, () => cloud.make('floatingip', { floating_network_id: external.id })));
    const inner = await Promise.all(floatings.map((of) => post({ external_port: 80, internal_port: 8080 }, member, of)));
    expect(inner.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400]);
  });

  test('all of it may change', async () => {
    const two = await cloud.make('port', {
      network_id: inside.network.id,
      fixed_ips: [{ subnet_id: inside.subnet.id }, { subnet_id: inside.subnet.id }],
    });
    const one = await make({ internal_port: 22, external_port: 2222 });
    await make({ internal_port: 25, external_port: 25 });
    expect((await put(one, {})).at('port_forwarding')).toEqual(one);
    const row = async (changes: object) => (await put(one, changes)).at('port_forwarding');
    expect(await row({ description: 'd', internal_port: 3333 })).toMatchObject({ description: 'd', internal_port_range: '3333:3333' });
    expectError(await put(one, { external_port: 25 }), 400, 'BadRequest', collides('external', '25:25', '25:25'));
    expectError(await put(one, { internal_port: 25 }), 400, 'BadRequest', collides('internal', '25:25', '25:25'));
    expect(await row({ external_port_range: '2300:2301' })).toMatchObject({ external_port: null, internal_port: 3333 });
    expectError(await put(one, { internal_port_range: '1:3' }), 400, 'BadRequest', /N-N or 1-N/);
    expect(await row({ external_port: 2300, protocol: 'udp' })).toMatchObject({ external_port_range: '2300:2300', protocol: 'udp' });
    expect(await row({ external_port: null })).toMatchObject({ external_port: 2300 });
    expect(await row({ internal_port_id: two.id })).toMatchObject({ internal_port_id: two.id, internal_ip_address: addressOf(two, 0) });
    expect(await row({ internal_ip_address: addressOf(two, 1) })).toMatchObject({ internal_ip_address: addressOf(two, 1) });
    expectError(
      await put(one, { internal_ip_address: '10.0.0.254' }),
      400,
      'BadRequest',
      /^Bad port_forwarding request: The internal IP does not correspond to an address on the internal port, which has fixed_ips \[\{'subnet_id': /,
    );
    expectError(await put(one, { internal_port_id: NOWHERE }), 404, 'PortNotFound');
    expectError(await put(one, { project_id: 'x' }), 400, 'HTTPBadRequest');
  });

  test('lead to an IPv4 address of a port that the caller sees', async () => {
    const ports = { internal_port: 1, external_port: 1 };
    expectError(
      await post({ ...ports, internal_ip_address: '10.0.0.254' }),
      400,
      'BadRequest',
      bad(
        `Requested internal IP address 10.0.0.254 is not suitable for internal neutron port ${port.id}, as its fixed_ips are [{'subnet_id': '${inside.subnet.id}', 'ip_address': '${addressOf(port)}'}]`,
      ),
    );
    const none = await cloud.make('port', { network_id: inside.network.id, fixed_ips: [] });
    expectError(
      await post({ ...ports, internal_port_id: none.id }),
      400,
      'BadRequest',
      bad(`Requested internal port ${none.id} must allocate an IPv4 address at least.`),
    );
    expectError(await post({ ...ports, internal_port_id: NOWHERE }), 404, 'PortNotFound');
    const hidden = await cloud.make('port', { network_id: (await cloud.wired('10.5.0.0/24', cloud.stranger)).network.id }, cloud.stranger);
    expectError(await post({ ...ports, internal_port_id: hidden.id }), 404, 'PortNotFound');
    for (const name of ['internal_ip_address', 'internal_port_id', 'protocol']) {
      const text = `Failed to parse request. Required attribute '${name}' not specified`;
      expectError(await post({ ...ports, [name]: undefined }), 400, 'HTTPBadRequest', text);
    }
  });

  test('go through one router', async () => {
    const far = await behind(cloud, `10.20.0.0/24`, undefined);
    const lost = await cloud.make('port', { network_id: far.network.id });
    const to = { internal_port_id: lost.id, internal_ip_address: addressOf(lost), internal_port: 1, external_port: 1 };
    expectError(
      await post(to),
      400,
      'BadRequest',
      bad(
        `External network ${external.id} is not reachable from subnet ${far.subnet.id}. Cannot set Port forwarding for port ${lost.id} with Floating IP ${floating.id}`,
      ),
    );
    await member('PUT', `/routers/${far.router.id}`, { router: { external_gateway_info: { network_id: external.id } } });
    await make({ internal_port: 22, external_port: 22 });
    expectError(
      await post(to),
      400,
      'BadRequest',
      bad(
        `The Floating IP ${floating.id} had been set on router ${inside.router.id}, the internal Neutron port ${lost.id} can not reach it`,
      ),
    );
    const router = { external_gateway_info: null };
    const off = await member('PUT', `/routers/${inside.router.id}/remove_router_interface`, { subnet_id: inside.subnet.id });
    expectError(off, 409, 'RouterInterfaceInUseByFloatingIP');
    expectError(await member('PUT', `/routers/${inside.router.id}`, { router }), 409, 'RouterExternalGatewayInUseByFloatingIp');
    expectError(await admin('DELETE', `/networks/${external.id}`), 409, 'NetworkInUse');
  });

  test('a floating IP leads to a port or forwards, and a fixed address that has one is not forwarded to', async () => {
    const ports = { internal_port: 1, external_port: 1 };
    const whole = await cloud.make('floatingip', { floating_network_id: external.id, port_id: port.id });
    const names = `(${whole.id}) with port ${port.id} using fixed IP ${addressOf(port)}`;
    const bound = `Cannot create port forwarding to floating IP ${whole.floating_ip_address} ${names}, as that port already has a binding floating IP.`;
    for (const of of [floating, whole]) expectError(await post(ports, member, of), 409, 'PortHasBindingFloatingIP', bound);
    const other = await cloud.make('port', { network_id: inside.network.id });
    const to = { ...ports, internal_port_id: other.id, internal_ip_address: addressOf(other) };
    expectError(await post(to, member, whole), 409, 'FloatingIPPortAlreadyAssociated');
    await make(to);
    const led = (of: Shown, port_id: unknown) => member('PUT', `/floatingips/${of.id}`, { floatingip: { port_id } });
    expectError(await led(floating, other.id), 409, 'FipInUseByPortForwarding');
    expect((await member('PUT', `/floatingips/${floating.id}`, { floatingip: {} })).at('floatingip.router_id')).toBe(inside.router.id);
    expect((await led(whole, other.id)).status).toBe(200);
  });

  test('behind a distributed router a port has a floating IP or is forwarded to', async () => {
    const router = { distributed: true };
    const far = await behind(cloud, '10.30.0.0/24', external, { router, maker: cloud.admin });
    const there = await cloud.make('port', { network_id: far.network.id });
    await make({ internal_port_id: there.id, internal_ip_address: addressOf(there), internal_port: 1, external_port: 1 });
    expectError(
      await member('POST', '/floatingips', { floatingip: { floating_network_id: external.id, port_id: there.id } }),
      400,
      'PortHasPortForwarding',
      `Cannot associate floating IP to port ${there.id} because it already has a Port Forwarding binding.`,
    );
  });

  test('go with the port or the address that they lead to', async () => {
    const one = await make({ internal_port: 22, external_port: 22 });
    expect(
      (await member('PUT', `/ports/${port.id}`, { port: { fixed_ips: [{ subnet_id: inside.subnet.id, ip_address: '10.0.0.207' }] } }))
        .status,
    ).toBe(200);
    expectError(await member('GET', pathOf(one)), 404, 'PortForwardingNotFound');
    expect(await shown()).toMatchObject({ router_id: null });
    await make({ internal_port: 22, external_port: 22, internal_ip_address: '10.0.0.207' });
    await make({ internal_port: 23, external_port: 23, internal_ip_address: '10.0.0.207' });
    expect((await member('DELETE', `/ports/${port.id}`)).status).toBe(204);
    expect(await shown()).toMatchObject({ router_id: null, port_forwardings: [] });
  });

  test('are found, sorted, paged and made several at once', async () => {
    const path = `/floatingips/${floating.id}/port_forwardings`;
    const several = [1, 2, 3].map((n) => ({
      internal_port_id: port.id,
      internal_ip_address: addressOf(port),
      protocol: 'udp',
      internal_port: n,
      external_port: 4 - n,
    }));
    expect((await member('POST', path, { port_forwardings: several })).status).toBe(201);
    await make({ internal_port_range: '10:12', external_port_range: '10:12', description: 'd' });
    const ports = async (query: string) => (await list(`?fields=external_port_range&${query}`)).map((one) => one.external_port_range);
    expect(await ports('external_port=2&protocol=udp')).toEqual(['2:2']);
    expect(await ports('external_port_range=10:12')).toEqual(['10:12']);
    expect(await ports('description=d')).toEqual(['10:12']);
    expect(await ports('protocol=udp&sort_key=external_port&sort_dir=desc&limit=2')).toEqual(['3:3', '2:2']);
    expect(await ports(`internal_port_id=${port.id}&sort_key=external_port_range&sort_dir=asc`)).toHaveLength(4);
    for (const name of ['internal_port', 'internal_ip_address']) {
      expectError(await member('GET', `${path}?${name}=1`), 400, 'HTTPBadRequest', `['${name}'] is invalid attribute for filtering`);
    }
  });

  test('who may do what', async () => {
    const one = await make({ internal_port: 22, external_port: 22 });
    const [reader, stranger] = [cloud.as(cloud.reader), cloud.as(cloud.stranger)];
    const path = `/floatingips/${floating.id}/port_forwardings`;
    expect((await reader('GET', pathOf(one))).status).toBe(200);
    expect((await reader('GET', path)).at('port_forwardings')).toHaveLength(1);
    expectError(await post({ internal_port: 1, external_port: 1 }, reader), 403, 'PolicyNotAuthorized');
    expectError(await put(one, { description: 'x' }, reader), 403, 'PolicyNotAuthorized');
    expectError(await reader('DELETE', pathOf(one)), 403, 'PolicyNotAuthorized');
    for (const method of ['GET', 'DELETE'] as const) expectError(await stranger(method, pathOf(one)), 404, 'FloatingIPNotFound');
    expectError(await stranger('GET', path), 404, 'FloatingIPNotFound');
    expectError(await post({ internal_port: 1, external_port: 1 }, stranger), 404, 'FloatingIPNotFound');
    expectError(await put(one, {}, stranger), 404, 'FloatingIPNotFound');
    const elsewhere = await cloud.make('floatingip', { floating_network_id: external.id });
    expectError(await member('GET', `/floatingips/${elsewhere.id}/port_forwardings/${one.id}`), 404, 'PortForwardingNotFound');
    expect((await admin('GET', pathOf(one))).status).toBe(200);
  });
});
