// What making, changing and removing a subnet means: prefix, gateway, pools, and the free addresses that follow.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import { repr } from '#core/python.ts';
import type { RulesOf } from '#core/resource.ts';
import {
  contains,
  defaultGateway,
  defaultPools,
  overlaps,
  type Prefix,
  parsePrefix,
  prefixText,
  type Range,
  toNumber,
  toText,
  versionOf,
} from '#ipam/address.ts';
import { freePool, poolRanges } from '#ipam/allocate.ts';
import { setFree, without } from '#ipam/ranges.ts';
import { checkServed } from './dhcp.ts';
import { subnetErrors } from './errors.ts';
import { pooledRules } from './pooled.ts';
import { routedRules } from './routed.ts';
import { subnet } from './schema.ts';

export type Subnet = Row<(typeof subnet)['attributes']>;
type SubnetCreate = Create<(typeof subnet)['attributes']>;
type SubnetUpdate = Update<(typeof subnet)['attributes']>;

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

async function create(context: Context, draft: Subnet, input: SubnetCreate): Promise<void> {
  if (draft.cidr == null) {
    throw subnetErrors.BadRequest({ resource: 'subnets', msg: 'a subnetpool must be specified in the absence of a cidr' });
  }
  const prefix = parsePrefix(draft.cidr);
  if (prefix.version !== input.ip_version) throw mismatch('cidr', draft.cidr, input.ip_version);
  draft.cidr = prefixText(prefix);
  if (draft.enable_dhcp) checkServed(prefix);
  draft.ipv6_ra_mode = input.ipv6_ra_mode ?? null;
  draft.ipv6_address_mode = input.ipv6_address_mode ?? null;
  checkModes(draft, prefix);
  await checkOverlap(context, draft.network_id, draft.cidr, prefix);
  if (draft.gateway_ip === undefined) draft.gateway_ip = toText(defaultGateway(prefix), prefix.version);
  checkGateway(draft, prefix);
  const gateway = draft.gateway_ip === null ? undefined : toNumber(draft.gateway_ip);
  draft.allocation_pools =
    (input.allocation_pools as Subnet['allocation_pools'] | undefined) ?? poolTexts(defaultPools(prefix, gateway), prefix);
  checkPools(draft, prefix);
  draft.service_types ??= [];
  checkLists(context, draft, prefix, 'new subnet');
  await checkMtu(context, draft);
}

async function created(context: Context, row: Subnet): Promise<void> {
  await setFree(context.tx, freePool(row.id), poolRanges(row.allocation_pools));
  await bumpNetwork(context, row.network_id);
}

async function update(context: Context, before: Subnet, changes: SubnetUpdate): Promise<void> {
  const prefix = parsePrefix(before.cidr ?? '');
  const after: Subnet = { ...before, ...changes };
  if (after.enable_dhcp && !before.enable_dhcp) checkServed(prefix);
  checkModes(after, prefix);
  checkLists(context, after, prefix, before.id);
  if (changes.gateway_ip !== undefined && changes.gateway_ip !== before.gateway_ip) {
    checkGateway(after, prefix);
    await checkGatewayFree(context, before);
  }
  if (changes.gateway_ip === undefined && changes.allocation_pools === undefined) return;
  checkPools(after, prefix);
  if (changes.allocation_pools === undefined) return;
  // Nobody takes an address while the pools are made anew.
  await context.load(subnet, before.id, 'remove');
  const used = await context.tx.all<{ ip_address: string }>('SELECT ip_address FROM ip_allocations WHERE subnet_id = ?', before.id);
  await setFree(
    context.tx,
    freePool(before.id),
    without(
      poolRanges(after.allocation_pools),
      used.map(({ ip_address }) => toNumber(ip_address)),
    ),
  );
}

async function removed(context: Context, row: Subnet): Promise<void> {
  await setFree(context.tx, freePool(row.id), []);
  await bumpNetwork(context, row.network_id);
}

/** A network's list of subnets is part of the network. */
async function bumpNetwork({ tx, now }: Context, networkId: string): Promise<void> {
  await tx.run('UPDATE networks SET revision_number = revision_number + 1, updated_at = ? WHERE id = ?', now, networkId);
}

const poolTexts = (ranges: readonly Range[], { version }: Prefix): { start: string; end: string }[] =>
  ranges.map(({ first, last }) => ({ start: toText(first, version), end: toText(last, version) }));

const mismatch = (name: string, value: string, version: number): Error =>
  invalid(`${name} '${value}' does not match the ip_version '${version}'`);

function checkModes(row: Subnet, prefix: Prefix): void {
  const { ipv6_ra_mode: ra, ipv6_address_mode: address, enable_dhcp } = row;
  if (ra === null && address === null) return;
  if (prefix.version === 4) throw invalid(`${ra === null ? 'ipv6_address_mode' : 'ipv6_ra_mode'} is not valid when ip_version is 4`);
  if (!enable_dhcp) throw invalid('ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False');
  if (ra !== null && address !== null && ra !== address) {
    throw invalid(
      `ipv6_ra_mode set to '${ra}' with ipv6_address_mode set to '${address}' is not valid. If both attributes are set, they must be the same value`,
    );
  }
  const mode = ra ?? address;
  if (mode !== 'dhcpv6-stateful' && prefix.length !== 64)
    throw invalid(
      `Invalid CIDR ${row.cidr} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64`,
    );
}

async function checkOverlap(context: Context, networkId: string, cidr: string, prefix: Prefix): Promise<void> {
  // Of two overlapping subnets made at once one sees the other: subnets of a network are made one by one.
  const others = await context.tx.all<{ cidr: string }>(
    'SELECT cidr FROM subnets WHERE network_id = ? AND ip_version = ?',
    networkId,
    prefix.version,
  );
  if (others.some((other) => overlaps(parsePrefix(other.cidr), prefix))) {
    throw invalid(`Requested subnet with cidr: ${cidr} for network: ${networkId} overlaps with another subnet`);
  }
}

function checkGateway({ gateway_ip, ip_version }: Subnet, prefix: Prefix): void {
  if (gateway_ip === null) return;
  if (versionOf(gateway_ip) !== ip_version) throw mismatch('gateway_ip', gateway_ip, ip_version);
  const gateway = toNumber(gateway_ip);
  const ends = prefix.version === 4 && prefix.length < 31 ? [prefix.first, prefix.last] : [];
  if (ends.includes(gateway)) throw invalid('Gateway is not valid on subnet');
}

async function checkGatewayFree(context: Context, before: Subnet): Promise<void> {
  if (before.gateway_ip === null) return;
  const user = await context.tx.get<{ port_id: string }>(
    `SELECT a.port_id FROM ip_allocations a JOIN ports p ON p.id = a.port_id
     WHERE a.subnet_id = ? AND a.ip_address = ? AND (p.device_owner LIKE 'network:router%' OR p.device_owner = 'network:ha_router_replicated_interface') LIMIT 1`,
    before.id,
    before.gateway_ip,
  );
  if (user) throw subnetErrors.GatewayIpInUse({ ip_address: before.gateway_ip, port_id: user.port_id });
}

function checkPools(row: Subnet, prefix: Prefix): void {
  const text = ({ start, end }: { start: string; end: string }): string => `${start}-${end}`;
  const usable = defaultPools(prefix, undefined)[0] ?? prefix;
  const ranges = row.allocation_pools.map((pool) => {
    if (versionOf(pool.start) !== prefix.version || versionOf(pool.end) !== prefix.version)
      throw subnetErrors.InvalidAllocationPool({ pool: repr(pool) });
    const range = { first: toNumber(pool.start), last: toNumber(pool.end) };
    if (range.last < range.first) throw subnetErrors.InvalidAllocationPool({ pool: repr(pool) });
    if (range.first < usable.first || range.last > usable.last) {
      throw subnetErrors.OutOfBoundsAllocationPool({ pool: text(pool), subnet_cidr: row.cidr ?? '' });
    }
    return { range, pool };
  });
  // In order of their addresses only neighbours can overlap.
  const inOrder = ranges.toSorted((one, other) => (one.range.first < other.range.first ? -1 : 1));
  inOrder.slice(1).forEach((next, index) => {
    const before = inOrder[index] as typeof next;
    if (!overlaps(before.range, next.range)) return;
    const [one, other] = [before, next].map(({ pool }) => text(pool)) as [string, string];
    throw subnetErrors.OverlappingAllocationPools({ pool_1: one, pool_2: other, subnet_cidr: row.cidr ?? '' });
  });
  if (row.gateway_ip === null) return;
  const gateway = toNumber(row.gateway_ip);
  const within = ranges.find(({ range }) => contains(range, gateway));
  if (within) throw subnetErrors.GatewayConflictWithAllocationPools({ ip_address: row.gateway_ip, pool: text(within.pool) });
}

function checkLists({ settings }: Context, row: Subnet, prefix: Prefix, subnet_id: string): void {
  if (row.dns_nameservers.length > settings.maxDnsNameservers)
    throw subnetErrors.DNSNameServersExhausted({ subnet_id, quota: settings.maxDnsNameservers });
  if (row.host_routes.length > settings.maxSubnetHostRoutes)
    throw subnetErrors.HostRoutesExhausted({ subnet_id, quota: settings.maxSubnetHostRoutes });
  for (const { destination, nexthop } of row.host_routes) {
    if (versionOf(destination) !== prefix.version) throw mismatch('destination', destination, prefix.version);
    if (versionOf(nexthop) !== prefix.version) throw mismatch('nexthop', nexthop, prefix.version);
  }
}

/** IPv6 needs links of 1280 bytes. RFC 8200 section 5. */
async function checkMtu(context: Context, row: Subnet): Promise<void> {
  if (row.ip_version !== 6) return;
  const found = await context.tx.get<{ mtu: number }>('SELECT mtu FROM networks WHERE id = ?', row.network_id);
  if (found && found.mtu < 1280)
    throw invalid(`MTU of network ${row.network_id} is ${found.mtu}, an IPv6 subnet requires a minimum of 1280`);
}

export const subnetRules: readonly RulesOf<typeof subnet>[] = [pooledRules, { create, created, update, deleted: removed }, routedRules];
