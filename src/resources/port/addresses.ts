// A port's addresses: from what was asked to what is held. Called by the port's rules, inside their transaction.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { canonicalAddress, inputErrors } from '#core/convert.ts';
import { giveBack, takeAddress, takeThisAddress } from '#ipam/allocate.ts';
import {
  automaticAddress,
  choose,
  type FixedIpRequest,
  isAutoAddressed,
  type Refusal,
  type SubnetChoice,
  type Wanted,
} from '#ipam/choose.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { portErrors } from './errors.ts';
import { checkHost, usable, waits } from './routed.ts';
import type { FixedIp, port } from './schema.ts';

type Port = Row<(typeof port)['attributes']>;
type Subnet = Row<(typeof subnet)['attributes']>;

/** What a client wrote, with addresses in canonical text. */
export function requested(fixedIps: readonly Partial<FixedIp>[] | undefined): FixedIpRequest[] | undefined {
  return fixedIps?.map(({ subnet_id, ip_address }) => ({
    ...(subnet_id == null ? {} : { subnet_id }),
    ...(ip_address == null ? {} : { ip_address: canonicalAddress(ip_address) }),
  }));
}

const subnetsOf = (context: Context, { network_id }: Port): Promise<Subnet[]> =>
  context.findLocked(subnet, 'share', 'r.network_id = ?', network_id);

/** Takes what was asked for, or what is usual when nothing was; undefined: that is to be done once the port is on a host. */
export async function allocate(
  context: Context,
  port: Port,
  requests: readonly FixedIpRequest[] | undefined,
): Promise<FixedIp[] | undefined> {
  const all = await subnetsOf(context, port);
  if (waits(port, all, requests)) return undefined;
  const subnets = await usable(context, port, all, requests);
  const wanted = choose(subnets as unknown as SubnetChoice[], requests, port);
  if ('refused' in wanted) throw await refusal(context, wanted, port);
  const taken: FixedIp[] = [];
  for (const one of wanted) taken.push(await takeOne(context, port, one, subnets));
  return taken;
}

async function takeOne(context: Context, port: Port, wanted: Wanted, subnets: readonly Subnet[]): Promise<FixedIp> {
  const holder = { port_id: port.id, network_id: port.network_id };
  if ('address' in wanted) {
    const { subnet: from, address } = wanted;
    if (!(await takeThisAddress(context.tx, from.id, address, holder))) {
      throw portErrors.IpAddressAlreadyAllocated({ ip: address, subnet_id: from.id });
    }
    return { subnet_id: from.id, ip_address: address };
  }
  for (const { id } of wanted.anyOf) {
    const from = subnets.find((one) => one.id === id);
    const address = from && (await takeAddress(context.tx, pooled(from), holder));
    if (address !== undefined) return { subnet_id: id, ip_address: address };
  }
  throw portErrors.IpAddressGenerationFailure({ net_id: port.network_id });
}

const pooled = ({ id, cidr, allocation_pools }: Subnet) => ({ id, cidr: cidr ?? '', allocation_pools });

/**
 * Moves from the addresses held to those asked for: what stays is not touched; a subnet alone keeps an address already held there. An address
 * that a former MAC made is made anew.
 */
export async function reallocate(context: Context, port: Port, asked: readonly FixedIpRequest[], formerMac: string): Promise<FixedIp[]> {
  const subnets = await usable(context, port, await subnetsOf(context, port), asked);
  const stale = formerMac === port.mac_address ? [] : port.fixed_ips.filter((held) => isMadeOf(formerMac, held, port, subnets));
  await release(context, stale);
  const left = port.fixed_ips.filter((held) => !stale.includes(held));
  const kept: FixedIp[] = [];
  const missing: FixedIpRequest[] = [];
  const requests = asked.map((request) => {
    const made = stale.find(({ ip_address }) => ip_address === request.ip_address);
    return made ? { subnet_id: made.subnet_id } : request;
  });
  const exactFirst = requests.sort((a, b) => Number(b.ip_address !== undefined) - Number(a.ip_address !== undefined));
  for (const request of exactFirst) {
    const at = left.findIndex((held) => matches(held, request));
    const [held] = at < 0 ? [] : left.splice(at, 1);
    if (held) kept.push(held);
    else missing.push(request);
  }
  // Addresses a device chose itself stay as long as it keeps the others.
  for (const held of requests.length > 0 ? [...left] : []) {
    const from = subnets.find((one) => one.id === held.subnet_id);
    const auto = from !== undefined && isAutoAddressed(from);
    if (auto && !port.device_owner.startsWith('network:')) kept.push(...left.splice(left.indexOf(held), 1));
  }
  await release(context, left);
  if (missing.length === 0) return kept;
  const held = new Set(kept.map(({ ip_address }) => ip_address));
  const wanted = choose(subnets as unknown as SubnetChoice[], missing, port);
  if ('refused' in wanted) throw await refusal(context, wanted, port);
  for (const one of wanted) if (!('address' in one && held.has(one.address))) kept.push(await takeOne(context, port, one, subnets));
  return kept;
}

/** What a port has on the host that it comes to: its addresses, if they work there, or those that waited for it to come. */
export async function arrive(context: Context, port: Port): Promise<FixedIp[] | undefined> {
  if (port.fixed_ips.length === 0 && port.ip_allocation === 'deferred') return allocate(context, port, undefined);
  await checkHost(context, port, await subnetsOf(context, port), port.fixed_ips);
  return undefined;
}

/** Whether the port chose the address itself, by this MAC. */
function isMadeOf(mac: string, held: FixedIp, port: Port, subnets: readonly Subnet[]): boolean {
  const from = subnets.find(({ id }) => id === held.subnet_id) as unknown as SubnetChoice | undefined;
  return from !== undefined && automaticAddress(from, { ...port, mac_address: mac }) === held.ip_address;
}

const matches = (held: FixedIp, { subnet_id, ip_address }: FixedIpRequest): boolean =>
  (ip_address === undefined || ip_address === held.ip_address) && (subnet_id === undefined || subnet_id === held.subnet_id);

export async function release(context: Context, fixedIps: readonly FixedIp[]): Promise<void> {
  for (const { subnet_id, ip_address } of fixedIps) {
    // Held, so that its pools are those in force when this is committed.
    const from = await context.load(subnet, subnet_id, 'share');
    if (from) await giveBack(context.tx, pooled(from), ip_address);
  }
}

async function refusal(context: Context, refused: Refusal, port: Port): Promise<Error> {
  switch (refused.refused) {
    case 'nothing named':
      return inputErrors.InvalidInput({ error_message: 'IP allocation requires subnet_id or ip_address' });
    case 'subnet':
      await context.visible(subnet, refused.subnet_id);
      return inputErrors.InvalidInput({
        error_message: `Failed to create port on network ${port.network_id}, because fixed_ips included invalid subnet ${refused.subnet_id}`,
      });
    case 'not in network':
      return portErrors.InvalidIpForNetwork({ ip_address: refused.ip_address });
    case 'not in subnet':
      return portErrors.InvalidIpForSubnet({ ip_address: refused.ip_address });
    case 'automatic':
      return portErrors.AllocationOnAutoAddressSubnet({ ip: refused.ip_address, subnet_id: refused.subnet_id });
    case 'service type':
      return portErrors.IpAddressGenerationFailureNoMatchingSubnet({ network_id: port.network_id, service_type: port.device_owner });
  }
}
