// Pure projections: rows → what one host must have of them. The same rows give the same objects, whoever asks and in whatever order things
// happened.

import { deviceName } from '#ml2/binding.ts';
import { typeDrivers } from '#ml2/types/index.ts';
import { hostName } from '#resources/port/names.ts';
import { HA_OWNER, ROUTER_PORT_OWNERS } from '#resources/port/owners.ts';
import { object } from './digest.ts';
import type { DesiredObject, DhcpSubnet, NetworkObject } from './objects.ts';
import type { NetworkRow, PortRow } from './rows.ts';

const isBoundTo = (port: PortRow, host: string): boolean =>
  port.host === host && port.vif_type !== 'unbound' && port.vif_type !== 'binding_failed';
const isBound = (port: PortRow): boolean => port.host !== '' && isBoundTo(port, port.host);

/** Routers have no devices yet: nothing of theirs is wired, whatever is plugged on the host. */
const isRouters = ({ device_owner }: PortRow): boolean => device_owner === HA_OWNER || ROUTER_PORT_OWNERS.includes(device_owner);

const isTunnel = (network: NetworkRow): boolean => typeDrivers.get(network.network_type)?.tunnel === true;

export function networkObject(network: NetworkRow, localIp: string | null): DesiredObject {
  return object(`network/${network.id}`, {
    kind: 'network',
    network_id: network.id,
    network_type: network.network_type as NetworkObject['network_type'],
    physical_network: network.physical_network === '' ? null : network.physical_network,
    segmentation_id: network.segmentation_id,
    mtu: network.mtu,
    local_ip: isTunnel(network) ? localIp : null,
  });
}

export function portObject(port: PortRow, host: string): DesiredObject | undefined {
  if (!isBoundTo(port, host) || isRouters(port)) return undefined;
  return object(`port/${port.id}`, {
    kind: 'port',
    port_id: port.id,
    network_id: port.network_id,
    device: deviceName(port.id),
    mac_address: port.mac_address,
    admin_state_up: port.admin_state_up === 1,
    owner: port.device_owner === 'network:dhcp' ? 'dhcp' : 'instance',
  });
}

/** A port on another host, where the network is carried by tunnels. `tunnelIp` is that host's endpoint. */
export function peerObject(port: PortRow, network: NetworkRow, host: string, tunnelIp: string | undefined): DesiredObject | undefined {
  if (!isBound(port) || port.host === host || !isTunnel(network) || tunnelIp === undefined) return undefined;
  return object(`peer/${port.id}`, {
    kind: 'peer',
    port_id: port.id,
    network_id: port.network_id,
    mac_address: port.mac_address,
    ip_addresses: port.fixed_ips.map(({ ip_address }) => ip_address).sort(),
    tunnel_ip: tunnelIp,
  });
}

/** Another host that has the network. */
export function floodObject(network: NetworkRow, host: string, other: string, tunnelIp: string | undefined): DesiredObject | undefined {
  if (host === other || !isTunnel(network) || tunnelIp === undefined) return undefined;
  return object(`flood/${network.id}/${other}`, { kind: 'flood', network_id: network.id, tunnel_ip: tunnelIp });
}

export interface DhcpConfig {
  readonly dnsDomain: string;
  readonly leaseTime: number;
}

/** `server` is the DHCP server's own port. */
export function dhcpObject(network: NetworkRow, server: PortRow, subnets: readonly DhcpSubnet[], config: DhcpConfig): DesiredObject {
  return object(`dhcp/${network.id}`, {
    kind: 'dhcp',
    network_id: network.id,
    mtu: network.mtu,
    dns_domain: network.dns_domain || config.dnsDomain,
    port_id: server.id,
    mac_address: server.mac_address,
    device: deviceName(server.id),
    ip_addresses: [...server.fixed_ips].sort((a, b) => (a.ip_address < b.ip_address ? -1 : 1)),
    subnets,
    lease_time: config.leaseTime,
  });
}

/** What a DHCP server of the network answers to a port; nothing to a port without addresses, nor to DHCP servers. */
export function leaseObject(port: PortRow): DesiredObject | undefined {
  if (port.fixed_ips.length === 0 || port.device_owner === 'network:dhcp') return undefined;
  return object(`lease/${port.id}`, {
    kind: 'lease',
    port_id: port.id,
    network_id: port.network_id,
    mac_address: port.mac_address,
    hostname: port.dns_name || hostName(port.fixed_ips[0]?.ip_address ?? ''),
    ip_addresses: [...port.fixed_ips].sort((a, b) => (a.ip_address < b.ip_address ? -1 : 1)),
    options: port.extra_dhcp_opts,
  });
}
