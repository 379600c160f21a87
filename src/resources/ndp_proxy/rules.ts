// What making an NDP proxy means, what lets a router have some, and what proxies keep of it.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { follow, type RulesOf } from '#core/resource.ts';
import { type FixedIp, port } from '#resources/port/schema.ts';
import { routerInterface } from '#resources/router/interface.ts';
import { router } from '#resources/router/schema.ts';
import { ndpProxyErrors } from './errors.ts';
import { ndpProxy } from './schema.ts';

type NdpProxy = Row<(typeof ndpProxy)['attributes']>;
type Router = Row<(typeof router)['attributes']>;
type RouterCreate = Create<(typeof router)['attributes']>;
type RouterUpdate = Update<(typeof router)['attributes']>;
type Port = Row<(typeof port)['attributes']>;

const isIPv6 = ({ ip_address }: FixedIp): boolean => ip_address.includes(':');

/** The address scope of the IPv6 subnets that a condition over `s` finds. */
async function scopeOf({ tx }: Context, where: 's.id' | 's.network_id', id: string): Promise<string | null> {
  const found = await tx.get<{ scope: string }>(
    `SELECT p.address_scope_id AS scope FROM subnets s JOIN subnetpools p ON p.id = s.subnetpool_id
     WHERE ${where} = ? AND s.ip_version = 6 AND p.address_scope_id IS NOT NULL LIMIT 1`,
    id,
  );
  return found?.scope ?? null;
}

async function create(context: Context, draft: NdpProxy): Promise<void> {
  const { router_id, port_id } = draft;
  const on = await context.visible(router, router_id, 'share');
  // Its addresses stay until commit.
  const inside = await context.visible(port, port_id, 'change');
  const { ip_address, subnet_id } = await reached(context, router_id, addressesOf(inside, draft.ip_address), port_id);
  draft.ip_address = ip_address;
  // The gateway does not go before commit.
  const gateway = on.gw_port_id !== null && (await context.load(port, on.gw_port_id, 'share'));
  if (!on.enable_ndp_proxy || !gateway) throw ndpProxyErrors.RouterNDPProxyNotEnable({ router_id });
  const [outer, inner] = [await scopeOf(context, 's.network_id', gateway.network_id), await scopeOf(context, 's.id', subnet_id)];
  if (outer !== inner) {
    throw ndpProxyErrors.AddressScopeConflict({ ext_address_scope: String(outer), internal_address_scope: String(inner) });
  }
}

/** The IPv6 addresses of a port among which to choose: the one asked for, or all. */
function addressesOf({ id, fixed_ips }: Port, wanted: string | null): FixedIp[] {
  const all = fixed_ips.filter(isIPv6);
  if (all.length === 0) {
    throw ndpProxyErrors.BadRequest({ resource: 'ndp_proxy', msg: `Requested port ${id} must allocate one IPv6 address at least` });
  }
  if (wanted === null) return all;
  const found = all.filter(({ ip_address }) => ip_address === wanted);
  if (found.length > 0) return found;
  throw ndpProxyErrors.InvalidAddress({ address: wanted, reason: `This address not belong to the port ${id}` });
}

/** The first address on a subnet of the router, which stays on that subnet until commit. */
async function reached(context: Context, router_id: string, addresses: readonly FixedIp[], port_id: string): Promise<FixedIp> {
  for (const address of addresses) {
    const where = 'r.router_id = ? AND r.subnet_id = ?';
    const [on] = await context.findLocked(routerInterface, 'share', where, router_id, address.subnet_id);
    if (on) return address;
  }
  throw ndpProxyErrors.PortUnreachableRouter({ port_id, router_id });
}

export const ndpProxyRules: RulesOf<typeof ndpProxy> = { create };

const notValid = (router_id: string, reason: string): Error => ndpProxyErrors.RouterGatewayNotValid({ router_id, reason });

const NO_GATEWAY = 'The router has no external gateway or the external gateway port has no IPv6 address or IPv6 address scope';
const notSupported = (network: string): string =>
  `The external network ${network} don't support IPv6 ndp proxy, the network has no IPv6 subnets or has no IPv6 address scope`;

type Gateway = Pick<Router, 'gw_port_id' | 'gw_network_id'>;

/** Whether a gateway has an IPv6 address, from an address scope. */
async function isSixGateway(context: Context, { gw_port_id, gw_network_id }: Gateway): Promise<boolean> {
  if (gw_port_id === null || gw_network_id === null) return false;
  const gateway = await context.load(port, gw_port_id);
  return gateway?.fixed_ips.some(isIPv6) === true && (await scopeOf(context, 's.network_id', gw_network_id)) !== null;
}

export const routerNdpRules: RulesOf<typeof router> = {
  async create(context, draft: Router, input: RouterCreate) {
    draft.enable_ndp_proxy = input.enable_ndp_proxy ?? false;
    if (!draft.enable_ndp_proxy || (await isSixGateway(context, draft))) return;
    const network = draft.gw_network_id;
    throw notValid(draft.id, network === null ? 'The request body not contain external gateway information' : notSupported(network));
  },
  async update(context, before: Router, changes: RouterUpdate) {
    if (changes.enable_ndp_proxy === null) delete changes.enable_ndp_proxy;
    const after: Router = { ...before, ...changes };
    const told = changes.enable_ndp_proxy !== undefined;
    if (!after.enable_ndp_proxy || (!told && after.gw_port_id === before.gw_port_id)) return;
    if (await isSixGateway(context, after)) return;
    // A router that was allowed to is not any more, without a word.
    if (!told) changes.enable_ndp_proxy = false;
    else if (after.gw_port_id === before.gw_port_id) throw notValid(before.id, NO_GATEWAY);
    else
      throw notValid(
        before.id,
        after.gw_network_id === null ? "The router's external gateway will be unset" : notSupported(after.gw_network_id),
      );
  },
};

export const ndpProxyFollows = [
  follow({
    resource: port,
    what: 'an NDP proxy goes with the address that it is for',
    async updated(context, before, after) {
      const left = new Set(after.fixed_ips.map(({ ip_address }) => ip_address));
      for (const { ip_address } of before.fixed_ips.filter(isIPv6)) {
        if (left.has(ip_address)) continue;
        const where = 'r.port_id = ? AND r.ip_address = ?';
        for (const one of await context.findLocked(ndpProxy, 'remove', where, after.id, ip_address)) await context.delete(ndpProxy, one);
      }
    },
  }),
  follow({
    resource: routerInterface,
    what: 'a router stays on the subnets of the addresses that it has NDP proxies for',
    async deleted({ tx }, { router_id, subnet_id }) {
      const user = await tx.get(
        `SELECT n.id FROM ndp_proxies n JOIN ip_allocations a ON a.port_id = n.port_id AND a.ip_address = n.ip_address
         WHERE n.router_id = ? AND a.subnet_id = ? LIMIT 1`,
        router_id,
        subnet_id,
      );
      if (user) throw ndpProxyErrors.RouterInterfaceInUseByNDPProxy({ subnet_id, router_id });
    },
  }),
  follow({
    resource: router,
    what: 'a router keeps the gateway, and its IPv6 address there, that its NDP proxies answer by',
    async updated(context, before, after) {
      const { id: router_id, gw_port_id } = before;
      if (gw_port_id === null) return;
      const moved = gw_port_id !== after.gw_port_id;
      if (!moved && (await context.load(port, gw_port_id))?.fixed_ips.some(isIPv6)) return;
      if (!(await context.tx.get('SELECT id FROM ndp_proxies WHERE router_id = ? LIMIT 1', router_id))) return;
      throw moved ? ndpProxyErrors.RouterGatewayInUseByNDPProxy({ router_id }) : ndpProxyErrors.RouterIPv6GatewayInUse({ router_id });
    },
  }),
];
