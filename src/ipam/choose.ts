// Which subnets a port gets addresses from. Pure: the allocation itself is allocate.ts.
import { contains, eui64, type IpVersion, parsePrefix, toNumber, toText } from './address.ts';

/** A subnet as far as choosing addresses needs it. */
export interface SubnetChoice {
  readonly id: string;
  readonly ip_version: IpVersion;
  readonly cidr: string;
  readonly ipv6_address_mode: string | null;
  readonly service_types: readonly string[];
}

/** What a client may say of one address. */
export interface FixedIpRequest {
  readonly subnet_id?: string;
  readonly ip_address?: string;
}

/** An address to take: this one, or any of the first of these subnets that has one left. */
export type Wanted = { readonly subnet: SubnetChoice; readonly address: string } | { readonly anyOf: readonly SubnetChoice[] };

export type Refusal =
  | { readonly refused: 'nothing named' }
  | { readonly refused: 'subnet'; readonly subnet_id: string }
  | { readonly refused: 'not in network'; readonly ip_address: string }
  | { readonly refused: 'not in subnet'; readonly ip_address: string }
  | { readonly refused: 'automatic'; readonly ip_address: string; readonly subnet_id: string }
  | { readonly refused: 'service type' };

/** Instances choose their own addresses on such a subnet, by EUI-64. RFC 4862. */
export const isAutoAddressed = ({ ipv6_address_mode }: { readonly ipv6_address_mode?: string | null | undefined }): boolean =>
  ipv6_address_mode === 'slaac' || ipv6_address_mode === 'dhcpv6-stateless';
/** Routers and DHCP servers say what they have; they do not autoconfigure. */
const choosesItself = (owner: string): boolean => !owner.startsWith('network:');

const automatic = (subnet: SubnetChoice, mac: string): Wanted => ({ subnet, address: toText(eui64(parsePrefix(subnet.cidr), mac), 6) });

/** The address that a port chooses itself on a subnet; undefined where it chooses none. */
export const automaticAddress = (
  subnet: SubnetChoice,
  port: { readonly mac_address: string; readonly device_owner: string },
): string | undefined =>
  isAutoAddressed(subnet) && choosesItself(port.device_owner) ? toText(eui64(parsePrefix(subnet.cidr), port.mac_address), 6) : undefined;

/** Subnets open to a device owner: reserved for it, or reserved for nobody; the reserved first. */
function open(subnets: readonly SubnetChoice[], owner: string): SubnetChoice[] {
  const reserved = subnets.filter((subnet) => subnet.service_types.includes(owner));
  return [...reserved, ...subnets.filter((subnet) => subnet.service_types.length === 0)];
}

/**
 * For a port that asked for nothing: one IPv4 address, one from the IPv6 subnets that are given out, and the address it will choose itself on
 * every autoconfigured one. For a port that asked: what it asked for, and the autoconfigured ones it did not name. `[]` asks for none.
 */
export function choose(
  subnets: readonly SubnetChoice[],
  requests: readonly FixedIpRequest[] | undefined,
  port: { readonly mac_address: string; readonly device_owner: string },
): readonly Wanted[] | Refusal {
  if (subnets.length === 0 && !requests) return [];
  const usable = open(subnets, port.device_owner);
  const autos = choosesItself(port.device_owner) ? usable.filter(isAutoAddressed) : [];
  if (!requests) {
    if (usable.length === 0) return { refused: 'service type' };
    const given = ([4, 6] as const).map((version) => usable.filter((subnet) => subnet.ip_version === version && !isAutoAddressed(subnet)));
    return [
      ...given.filter((group) => group.length > 0).map((anyOf) => ({ anyOf })),
      ...autos.map((subnet) => automatic(subnet, port.mac_address)),
    ];
  }
  const wanted: Wanted[] = [];
  for (const request of requests) {
    const one = answer(subnets, request, port);
    if ('refused' in one) return one;
    wanted.push(one);
  }
  if (requests.length === 0) return wanted;
  const named = new Set(wanted.map((one) => ('subnet' in one ? one.subnet.id : one.anyOf[0]?.id)));
  return [...wanted, ...autos.filter((subnet) => !named.has(subnet.id)).map((subnet) => automatic(subnet, port.mac_address))];
}

function answer(
  subnets: readonly SubnetChoice[],
  request: FixedIpRequest,
  port: { readonly mac_address: string; readonly device_owner: string },
): Wanted | Refusal {
  const { subnet_id, ip_address } = request;
  const itself = choosesItself(port.device_owner);
  if (subnet_id !== undefined) {
    const subnet = subnets.find((one) => one.id === subnet_id);
    if (!subnet) return { refused: 'subnet', subnet_id };
    if (ip_address === undefined) return isAutoAddressed(subnet) && itself ? automatic(subnet, port.mac_address) : { anyOf: [subnet] };
    if (!inside(subnet, ip_address)) return { refused: 'not in subnet', ip_address };
    return exactly(subnet, ip_address, port, itself);
  }
  if (ip_address === undefined) return { refused: 'nothing named' };
  const subnet = subnets.find((one) => inside(one, ip_address));
  return subnet ? exactly(subnet, ip_address, port, itself) : { refused: 'not in network', ip_address };
}

function exactly(subnet: SubnetChoice, ip_address: string, port: { readonly mac_address: string }, itself: boolean): Wanted | Refusal {
  const own = isAutoAddressed(subnet) && itself ? automatic(subnet, port.mac_address) : undefined;
  if (own && 'address' in own && own.address !== ip_address) return { refused: 'automatic', ip_address, subnet_id: subnet.id };
  return { subnet, address: ip_address };
}

/** Within the prefix, and on IPv4 neither its network nor its broadcast address. */
export function inside(subnet: SubnetChoice, ip_address: string): boolean {
  const prefix = parsePrefix(subnet.cidr);
  if ((ip_address.includes(':') ? 6 : 4) !== prefix.version) return false;
  const value = toNumber(ip_address);
  if (!contains(prefix, value)) return false;
  return prefix.version === 6 || prefix.length >= 31 || (value !== prefix.first && value !== prefix.last);
}
