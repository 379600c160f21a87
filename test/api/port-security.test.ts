// What is checked of a port's traffic: whether at all, which security groups it is in, and which addresses besides its own it may send from; and what
// each of these asks of the others.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Reply, type Shown } from './cloud.ts';

const REQUIRED = 'Port security must be enabled and port must have an IP address in order to use security groups.';
const HAS_GROUP = 'Port has security group associated. Cannot disable port security or IP address until security group is removed.';
const PAIRS_REQUIRE = 'Port Security must be enabled in order to have allowed address pairs on a port.';

describe.each(engines())('port security on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let stranger: ReturnType<Cloud['as']>;
  let network: Shown;
  let open: Shown;
  let groups: Shown[];
  let theirs: Shown;
  let defaultId: string;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    stranger = cloud.as(cloud.stranger);
    ({ network } = await cloud.wired('10.0.0.0/22'));
    open = await cloud.make('network', { port_security_enabled: false });
    groups = [await cloud.make('security_group', { name: 'a' }), await cloud.make('security_group', { name: 'b' })];
    theirs = await cloud.make('security_group', { name: 'theirs' }, cloud.stranger);
    defaultId = (await member('GET', '/security-groups?name=default')).at('security_groups.0.id') as string;
  });
  afterAll(() => cloud.close());

  const post = (attributes: object = {}, as = member): Promise<Reply> =>
    as('POST', '/ports', { port: { network_id: network.id, ...attributes } });
  const made = async (attributes: object = {}, as = member): Promise<Shown> => {
    const answer = await post(attributes, as);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.at('port') as Shown;
  };
  const put = ({ id }: Shown, attributes: object, as = member): Promise<Reply> => as('PUT', `/ports/${id}`, { port: attributes });
  const changed = async (port: Shown, attributes: object, as = member): Promise<Shown> => {
    const answer = await put(port, attributes, as);
    if (answer.status !== 200) throw new Error(answer.text);
    expect((await member('GET', `/ports/${port.id}`)).at('port')).toMatchObject(attributes);
    return answer.at('port') as Shown;
  };
  const ids = (): string[] => groups.map(({ id }) => id);
  const security = ({ port_security_enabled, security_groups }: Shown) => ({ port_security_enabled, security_groups });

  describe('groups', () => {
    test("are the project's default one when nobody says", async () => {
      expect(security(await made())).toEqual({ port_security_enabled: true, security_groups: [defaultId] });
      expect(security(await made({ fixed_ips: [] }))).toEqual({ port_security_enabled: true, security_groups: [defaultId] });
      const another = await made({ project_id: cloud.stranger.projectId }, admin);
      expect((await stranger('GET', `/security-groups/${(another.security_groups as string[])[0]}`)).at('security_group.name')).toBe(
        'default',
      );
    });

    test('are those that were named, and change with them', async () => {
      const port = await made({ security_groups: ids() });
      expect(port.security_groups).toEqual(ids());
      const one = await changed(port, { security_groups: [groups[1]?.id] });
      expect(one.revision_number).toBeGreaterThan(port.revision_number as number);
      expect((await changed(one, { security_groups: [] })).port_security_enabled).toBe(true);
      expect((await put(one, { security_groups: null })).at('port.security_groups')).toEqual([]);
      expect(security(await made({ security_groups: null }))).toEqual({ port_security_enabled: true, security_groups: [] });
    });

    test('are of whoever names them, or shared with them', async () => {
      const port = await made();
      for (const send of [
        (security_groups: string[]) => post({ security_groups }),
        (security_groups: string[]) => put(port, { security_groups }),
      ]) {
        expectError(await send([theirs.id]), 404, 'SecurityGroupNotFound', `Security group ${theirs.id} does not exist`);
        expectError(
          await send([...ids(), NOWHERE, theirs.id]),
          404,
          'SecurityGroupNotFound',
          `Security group ${NOWHERE}, ${theirs.id} does not exist`,
        );
      }
      expect((await member('GET', `/ports/${port.id}`)).at('port.security_groups')).toEqual([defaultId]);
      const given = await changed(port, { security_groups: [theirs.id] }, admin);
      // What an administrator put there may stay, but not come again.
      await changed(given, { security_groups: [theirs.id, ...ids()] });
      await changed(given, { security_groups: ids() });
      expectError(await put(given, { security_groups: [theirs.id] }), 404, 'SecurityGroupNotFound');
    });

    test.each([
      ['x', "'x' is not a list"],
      [['x'], "'x' is not a valid UUID"],
      [[NOWHERE, NOWHERE], `Duplicate items in the list: '${NOWHERE}'`],
    ])('%j are refused', async (security_groups, reason) => {
      const message = `Invalid input for security_groups. Reason: ${reason}.`;
      expectError(await post({ security_groups }), 400, 'HTTPBadRequest', message);
      expectError(await put(await made(), { security_groups }), 400, 'HTTPBadRequest', message);
    });

    test('find ports', async () => {
      const [a, b] = [await made({ security_groups: [ids()[0]], name: 'found' }), await made({ security_groups: ids(), name: 'found' })];
      const found = async (query: string, as = member): Promise<unknown[]> =>
        ((await as('GET', `/ports?name=found&${query}`)).at('ports') as Shown[]).map(({ id }) => id).sort();
      expect(await found(`security_groups=${ids()[0]}`)).toEqual([a.id, b.id].sort());
      expect(await found(`security_groups=${ids()[1]}`)).toEqual([b.id]);
      expect(await found(`security_groups=${ids()[1]}&security_groups=${NOWHERE}`)).toEqual([b.id]);
      expect(await found('security_groups=x')).toEqual([]);
      expect(await found(`security_groups=${ids()[0]}`, stranger)).toEqual([]);
      await changed(b, { security_groups: [] });
      expect(await found(`security_groups=${ids()[1]}`)).toEqual([]);
      expectError(
        await member('GET', '/ports?allowed_address_pairs=x'),
        400,
        'HTTPBadRequest',
        "['allowed_address_pairs'] is invalid attribute for filtering",
      );
      expectError(await member('GET', '/ports?port_security_enabled=true'), 400, 'HTTPBadRequest');
    });

    test('that ports are in neither go nor change what they know', async () => {
      const group = await cloud.make('security_group', {});
      const port = await made({ security_groups: [group.id] });
      const used = `Security Group ${group.id} in use.`;
      expectError(await member('DELETE', `/security-groups/${group.id}`), 409, 'SecurityGroupInUse', used);
      expectError(
        await member('PUT', `/security-groups/${group.id}`, { security_group: { stateful: false } }),
        409,
        'SecurityGroupInUse',
        used,
      );
      expect((await member('PUT', `/security-groups/${group.id}`, { security_group: { stateful: true, name: 'x' } })).status).toBe(200);
      expect((await member('DELETE', `/ports/${port.id}`)).status).toBe(204);
      expect((await member('DELETE', `/security-groups/${group.id}`)).status).toBe(204);
    });

    test('that go while ports come leave no port in them', async () => {
      for (let round = 0; round < 5; round++) {
        const group = await cloud.make('security_group', {}, cloud.admin);
        const [gone, ...ports] = await Promise.all([
          admin('DELETE', `/security-groups/${group.id}`),
          ...Array.from({ length: 4 }, () => post({ security_groups: [group.id] }, admin)),
        ]);
        const into = ports.filter(({ status }) => status === 201);
        if (gone?.status === 204) expect(into).toEqual([]);
        else expectError(gone as Reply, 409, 'SecurityGroupInUse');
        for (const refused of ports.filter(({ status }) => status !== 201)) expectError(refused, 404, 'SecurityGroupNotFound');
        for (const answer of into) await admin('DELETE', `/ports/${answer.at('port.id')}`);
      }
    });
  });

  describe('turned off', () => {
    test('by the network, or for the port', async () => {
      const off = { port_security_enabled: false, security_groups: [] };
      expect(security(await made({ network_id: open.id }))).toEqual(off);
      expect(security(await made({ port_security_enabled: false }))).toEqual(off);
      expect(security(await made({ port_security_enabled: false, security_groups: [] }))).toEqual(off);
      expect(security(await made({ network_id: open.id, port_security_enabled: true }))).toEqual({
        port_security_enabled: true,
        security_groups: [defaultId],
      });
    });

    test('of ports of the network itself, whatever is asked', async () => {
      for (const device_owner of ['network:dhcp', 'network:router_interface', 'network:other']) {
        const port = await made({ device_owner, port_security_enabled: true }, admin);
        expect(security(port)).toEqual({ port_security_enabled: false, security_groups: [] });
      }
      expectError(
        await post({ device_owner: 'network:other', security_groups: ids() }, admin),
        400,
        'PortSecurityAndIPRequiredForSecurityGroups',
        REQUIRED,
      );
      expect(security(await made({ device_owner: 'neutron:x' }, admin)).port_security_enabled).toBe(true);
    });

    test('there are no groups', async () => {
      for (const where of [{ network_id: open.id }, { port_security_enabled: false }]) {
        expectError(await post({ ...where, security_groups: ids() }), 400, 'PortSecurityAndIPRequiredForSecurityGroups', REQUIRED);
      }
      const port = await made();
      expectError(await put(port, { port_security_enabled: false }), 409, 'PortSecurityPortHasSecurityGroup', HAS_GROUP);
      expectError(
        await put(port, { port_security_enabled: false, security_groups: ids() }),
        400,
        'PortSecurityAndIPRequiredForSecurityGroups',
        REQUIRED,
      );
      await changed(port, { port_security_enabled: false, security_groups: [] });
      expectError(await put(port, { security_groups: ids() }), 400, 'PortSecurityAndIPRequiredForSecurityGroups', REQUIRED);
      expect(security(await changed(port, { port_security_enabled: true }))).toEqual({ port_security_enabled: true, security_groups: [] });
      await changed(port, { security_groups: ids() });
      await changed(port, { fixed_ips: [] });
    });

    test('there are no pairs', async () => {
      const allowed_address_pairs = [{ ip_address: '192.0.2.1' }];
      for (const where of [{ network_id: open.id }, { port_security_enabled: false }]) {
        expectError(await post({ ...where, allowed_address_pairs }), 409, 'AddressPairAndPortSecurityRequired', PAIRS_REQUIRE);
        expect((await made({ ...where, allowed_address_pairs: [] })).allowed_address_pairs).toEqual([]);
      }
      const port = await made({ allowed_address_pairs });
      expectError(await put(port, { port_security_enabled: false }), 409, 'AddressPairAndPortSecurityRequired', PAIRS_REQUIRE);
      expectError(await put(port, { port_security_enabled: false, security_groups: [] }), 409, 'AddressPairAndPortSecurityRequired');
      await changed(port, { port_security_enabled: false, security_groups: [], allowed_address_pairs: [] });
      expectError(await put(port, { allowed_address_pairs }), 409, 'AddressPairAndPortSecurityRequired');
      expect((await put(port, { port_security_enabled: true, allowed_address_pairs })).status).toBe(200);
    });

    test('is for owners of the network', async () => {
      const shared = await cloud.make('network', { shared: true }, cloud.admin);
      const rule = '(rule:create_port and rule:create_port:port_security_enabled) is disallowed by policy';
      expectError(await post({ network_id: shared.id, port_security_enabled: false }), 403, 'PolicyNotAuthorized', rule);
    });
  });

  describe('allowed address pairs', () => {
    const pairs = (allowed_address_pairs: unknown): Promise<Reply> => post({ allowed_address_pairs });
    const many = (count: number): object[] => Array.from({ length: count }, (_, index) => ({ ip_address: `192.0.2.${index + 1}` }));

    test("have the port's own MAC when they name none, and are else as they were written", async () => {
      const written = [
        { ip_address: '192.0.2.1' },
        { ip_address: '10.9.0.5/16', mac_address: 'FA-16-3E-00-00-01' },
        { ip_address: '2001:DB8::1' },
        { ip_address: '0.0.0.0/0' },
        { ip_address: '192.0.2.1', mac_address: 'fa:16:3e:00:00:02' },
      ];
      const port = await made({ allowed_address_pairs: written });
      const mac_address = port.mac_address as string;
      const kept = written.map((pair) => ({ mac_address, ...pair }));
      expect(port.allowed_address_pairs).toEqual(kept);
      expect((await member('GET', `/ports/${port.id}`)).at('port.allowed_address_pairs')).toEqual(kept);
      const fewer = await changed(port, { allowed_address_pairs: kept.slice(1, 3) });
      expect(fewer.revision_number).toBeGreaterThan(port.revision_number as number);
      // A pair keeps the MAC it was made with.
      await changed(port, { mac_address: 'fa:16:3e:99:99:99' }, admin);
      expect((await member('GET', `/ports/${port.id}`)).at('port.allowed_address_pairs')).toEqual(kept.slice(1, 3));
      expect((await changed(port, { allowed_address_pairs: [] })).allowed_address_pairs).toEqual([]);
      expect((await put(port, { allowed_address_pairs: null })).at('port.allowed_address_pairs')).toEqual([]);
    });

    test.each<[unknown, string, string]>([
      ['x', 'HTTPBadRequest', 'Allowed address pairs must be a list.'],
      [{}, 'HTTPBadRequest', 'Allowed address pairs must be a list.'],
      [['x'], 'HTTPBadRequest', "Invalid input for allowed_address_pairs. Reason: 'x' is not a dictionary."],
      [[{ 'ip_address: 12.12.12.a': 1 }], 'AllowedAddressPairsMissingIP', 'AllowedAddressPair must contain ip_address'],
      [[{ mac_address: 'fa:16:3e:00:00:01' }], 'AllowedAddressPairsMissingIP', 'AllowedAddressPair must contain ip_address'],
      [[{ ip_address: null }], 'AllowedAddressPairsMissingIP', 'AllowedAddressPair must contain ip_address'],
      [[{ ip_address: 'x' }], 'HTTPBadRequest', "'x' is not a valid IP address"],
      [[{ ip_address: 5 }], 'HTTPBadRequest', "'5' is not a valid IP address"],
      [[{ ip_address: '10.0.0.1/33' }], 'HTTPBadRequest', "'10.0.0.1/33' is not a valid IP subnet"],
      [[{ ip_address: '10.0.0.1', mac_address: 'x' }], 'HTTPBadRequest', "'x' is not a valid MAC address"],
      [[{ ip_address: '10.0.0.1', mac_address: null }], 'HTTPBadRequest', "'None' is not a valid MAC address"],
      [[{ ip_address: '10.0.0.1', x: 1 }], 'HTTPBadRequest', "Unrecognized attribute(s) 'x'"],
      [
        [{ ip_address: '10.0.0.1' }, { ip_address: '10.0.0.1' }],
        'DuplicateAddressPairInRequest',
        'Request contains duplicate address pair: mac_address None ip_address 10.0.0.1.',
      ],
      ...['224.0.0.1', '224.0.0.0/4', '239.1.2.3/32', 'ff02::1', 'FF00::/8'].map((ip_address): [unknown, string, string] => [
        [{ ip_address }],
        'HTTPBadRequest',
        `Invalid input for allowed_address_pairs. Reason: '${ip_address}' is a multicast address.`,
      ]),
    ])('%j are refused: %s', async (written, type, message) => {
      expectError(await pairs(written), 400, type, message);
    });

    test('are there once, and not too many', async () => {
      const port = await made();
      const { mac_address } = port;
      expectError(
        await put(port, { allowed_address_pairs: [{ ip_address: '192.0.2.1' }, { ip_address: '192.0.2.1', mac_address }] }),
        400,
        'DuplicateAddressPairInRequest',
        `Request contains duplicate address pair: mac_address ${mac_address} ip_address 192.0.2.1.`,
      );
      expect((await pairs(many(10))).status).toBe(201);
      const exhausted = 'The number of allowed address pair exceeds the maximum 10.';
      expectError(await pairs(many(11)), 400, 'AllowedAddressPairExhausted', exhausted);
      expectError(await put(port, { allowed_address_pairs: many(11) }), 400, 'AllowedAddressPairExhausted', exhausted);
    });

    test('are for owners of the network', async () => {
      const shared = await cloud.make('network', { shared: true }, cloud.admin);
      const body = { allowed_address_pairs: [{ ip_address: '1.1.1.1' }] };
      expectError(
        await post({ network_id: shared.id, ...body }),
        403,
        'PolicyNotAuthorized',
        '((rule:create_port and rule:create_port:allowed_address_pairs) and rule:create_port:allowed_address_pairs:ip_address) is disallowed by policy',
      );
      const port = await made({ network_id: shared.id });
      expectError(await put(port, body), 403, 'PolicyNotAuthorized');
      expect((await put(port, body, admin)).status).toBe(200);
    });
  });
});
