// Counting a network's addresses, from what the database says of its subnets to what the API answers. Pure. IPv6 has more than a double holds, so
// sums are bigints, and answers are written digit by digit.
import { bits, type Prefix, parsePrefix, type Range } from '#ipam/address.ts';
import { poolRanges } from '#ipam/allocate.ts';

/** A subnet as the database describes it. */
export interface CountedSubnet {
  readonly subnet_id: string;
  readonly subnet_name: string;
  readonly cidr: string;
  readonly ip_version: 4 | 6;
  readonly allocation_pools: readonly { readonly start: string; readonly end: string }[];
  readonly used: number;
  /** Free ranges: first and last address, each as 32 hexadecimal characters. */
  readonly free: readonly string[];
}

interface Count {
  readonly used: bigint;
  readonly pooled: bigint;
  readonly total: bigint;
  readonly usedOfPooled: bigint;
}

const { rawJSON } = JSON as unknown as { rawJSON(text: string): number };
/** A number of any size, as JSON has it. */
const exact = (value: bigint): number => rawJSON(String(value));

const size = ({ first, last }: Range): bigint => last - first + 1n;
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

/** Addresses of a prefix that something can have: on IPv4 neither its network nor its broadcast address. */
const usable = (prefix: Prefix): bigint => (prefix.version === 4 && prefix.length < bits(4) - 1 ? size(prefix) - 2n : size(prefix));

function countOf({ cidr, allocation_pools, used, free }: CountedSubnet): Count {
  const pooled = sum(poolRanges(allocation_pools).map(size));
  const left = sum(free.map((range) => size({ first: BigInt(`0x${range.slice(0, 32)}`), last: BigInt(`0x${range.slice(32)}`) })));
  return { used: BigInt(used), pooled, total: usable(parsePrefix(cidr)), usedOfPooled: pooled - left };
}

function totalOf(subnets: readonly CountedSubnet[]): Count {
  const counts = subnets.map(countOf);
  return {
    used: sum(counts.map(({ used }) => used)),
    pooled: sum(counts.map(({ pooled }) => pooled)),
    total: sum(counts.map(({ total }) => total)),
    usedOfPooled: sum(counts.map(({ usedOfPooled }) => usedOfPooled)),
  };
}

const detailsOf = ({ used, pooled, total, usedOfPooled }: Count) => ({
  total_ips_in_subnet: exact(total),
  total_ips_in_allocation_pool: exact(pooled),
  used_ips_in_subnet: exact(used),
  used_ips_in_allocation_pool: exact(usedOfPooled),
});

export const usedIps = (subnets: readonly CountedSubnet[]): number => exact(totalOf(subnets).used);
export const totalIps = (subnets: readonly CountedSubnet[]): number => exact(totalOf(subnets).pooled);
export const details = (subnets: readonly CountedSubnet[]) => detailsOf(totalOf(subnets));

/** The same of each subnet. */
export const bySubnet = (subnets: readonly CountedSubnet[]) =>
  subnets.map((subnet) => {
    const count = countOf(subnet);
    const { subnet_id, ip_version, cidr, subnet_name } = subnet;
    const [used_ips, total_ips] = [exact(count.used), exact(count.pooled)];
    return { subnet_id, ip_version, cidr, subnet_name, used_ips, total_ips, ip_availability_details: detailsOf(count) };
  });
