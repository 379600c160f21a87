// Ports of routed networks: their addresses are of subnets that work where they are, and wait until they are somewhere. Called by addresses.ts and
// the port's rules.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { type FixedIpRequest, inside, type SubnetChoice } from '#ipam/choose.ts';
import { segmentsAt } from '#ml2/reach.ts';
import { segmentErrors } from '#resources/segment/errors.ts';
import type { subnet } from '#resources/subnet/schema.ts';
import type { FixedIp, port } from './schema.ts';

type Port = Row<(typeof port)['attributes']>;
type Subnet = Row<(typeof subnet)['attributes']>;
type Requests = readonly FixedIpRequest[] | undefined;

const isRouted = (subnets: readonly Subnet[]): boolean => subnets.some(({ segment_id }) => segment_id !== null);

/** Whether a port is to get its addresses only once it is on a host: nobody knows yet which would work there. */
export const waits = (port: Port, subnets: readonly Subnet[], requests: Requests): boolean =>
  requests === undefined && port['binding:host_id'] === '' && !port.device_owner.startsWith('network:') && isRouted(subnets);

const names = (request: FixedIpRequest, one: Subnet): boolean =>
  request.subnet_id !== undefined
    ? request.subnet_id === one.id
    : request.ip_address !== undefined && inside(one as unknown as SubnetChoice, request.ip_address);

/** Segments of the network that the host is connected to, in order; refuses a host that is connected to none. */
async function connected(context: Context, network_id: string, host: string): Promise<string[]> {
  const segments = await segmentsAt(context.tx, network_id, host);
  if (segments.length === 0) throw segmentErrors.HostNotConnectedToAnySegment({ host, network_id });
  return segments;
}

/** The subnets that a port may have addresses of: of one segment, which its host is connected to when it is on one. */
export async function usable(context: Context, port: Port, subnets: readonly Subnet[], requests: Requests): Promise<readonly Subnet[]> {
  if (!isRouted(subnets)) return subnets;
  const host = port['binding:host_id'];
  const here = host === '' ? undefined : await connected(context, port.network_id, host);
  const near = here ? subnets.filter(({ segment_id }) => segment_id === null || here.includes(segment_id)) : subnets;
  const named = near.filter((one) => requests?.some((request) => names(request, one)));
  const [segment, ...others] = new Set(named.map(({ segment_id }) => segment_id));
  if (others.length > 0) throw segmentErrors.FixedIpsSubnetsNotOnSameSegment({});
  const one = named.length > 0 ? segment : here?.find((id) => near.some(({ segment_id }) => segment_id === id));
  return one === undefined ? near : near.filter(({ segment_id }) => segment_id === one);
}

/** Refuses a host where the addresses that a port has do not work. */
export async function checkHost(context: Context, port: Port, subnets: readonly Subnet[], fixedIps: readonly FixedIp[]): Promise<void> {
  const host = port['binding:host_id'];
  if (host === '' || !isRouted(subnets)) return;
  const here = await connected(context, port.network_id, host);
  const far = subnets.filter(({ segment_id }) => segment_id !== null && !here.includes(segment_id));
  if (far.some(({ id }) => fixedIps.some(({ subnet_id }) => subnet_id === id))) {
    throw segmentErrors.HostNotCompatibleWithFixedIps({ host, port_id: port.id });
  }
}
