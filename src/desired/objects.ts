// What a host may be asked to have, as data: the contract between the server, which projects rows into these objects, and the
// agents, which make them real. Every object has a key; its digest changes exactly when its value does. Status, names and
// liveness are in none of them, so a rename changes nothing on any host.

/** A layer-2 network that has a port on this host. Key `network/<id>`. Dropping it drops every object that names it. */
export interface NetworkObject {
  readonly kind: 'network';
  readonly network_id: string;
  readonly network_type: 'local' | 'flat' | 'vlan' | 'gre' | 'vxlan' | 'geneve';
  readonly physical_network: string | null;
  readonly segmentation_id: number | null;
  /** Bytes, of the payload that instances may send. */
  readonly mtu: number;
  /** For tunnel types: this host's own endpoint, null when it has none. */
  readonly local_ip: string | null;
}

/** A port bound to this host. Key `port/<id>`. Wired when its device appears, whoever makes the device. */
export interface PortObject {
  readonly kind: 'port';
  readonly port_id: string;
  readonly network_id: string;
  /** `tap` and the first 11 characters of the port's id, as os-vif names it. */
  readonly device: string;
  readonly mac_address: string;
  readonly admin_state_up: boolean;
  /** Who makes the device: 'dhcp' for the port of this host's DHCP server, 'instance' for everybody else. */
  readonly owner: 'instance' | 'dhcp';
}

/** A port of a tunnel network that lives on another host: its addresses and where to send. Key `peer/<port id>`. */
export interface PeerObject {
  readonly kind: 'peer';
  readonly port_id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly ip_addresses: readonly string[];
  /** The other host's tunnel endpoint. */
  readonly tunnel_ip: string;
}

/** Another host that has the network and so must receive its broadcasts. Key `flood/<network id>/<host>`. */
export interface FloodObject {
  readonly kind: 'flood';
  readonly network_id: string;
  readonly tunnel_ip: string;
}

/** One subnet as a DHCP server needs it. */
export interface DhcpSubnet {
  readonly subnet_id: string;
  readonly cidr: string;
  readonly ip_version: 4 | 6;
  readonly gateway_ip: string | null;
  readonly enable_dhcp: boolean;
  readonly ipv6_ra_mode: string | null;
  readonly ipv6_address_mode: string | null;
  readonly dns_nameservers: readonly string[];
  readonly host_routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

/** A network whose DHCP server runs on this host. Key `dhcp/<network id>`. */
export interface DhcpObject {
  readonly kind: 'dhcp';
  readonly network_id: string;
  readonly mtu: number;
  readonly dns_domain: string;
  /** The server's own port: its device is made by the DHCP agent in the namespace `qdhcp-<network id>`. */
  readonly port_id: string;
  readonly mac_address: string;
  /** Device on the bridge side, as in the port's own object. */
  readonly device: string;
  readonly ip_addresses: readonly { readonly ip_address: string; readonly subnet_id: string }[];
  readonly subnets: readonly DhcpSubnet[];
  /** Seconds; -1 for ever. */
  readonly lease_time: number;
}

/** What a DHCP server of this host answers to one port. Key `lease/<port id>`. */
export interface LeaseObject {
  readonly kind: 'lease';
  readonly port_id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly hostname: string;
  readonly ip_addresses: readonly { readonly ip_address: string; readonly subnet_id: string }[];
  /** extra_dhcp_opts of the port. */
  readonly options: readonly { readonly opt_name: string; readonly opt_value: string | null; readonly ip_version: 4 | 6 }[];
}

export type DesiredValue = NetworkObject | PortObject | PeerObject | FloodObject | DhcpObject | LeaseObject;

/** An object with its key and the digest of its value (16 hexadecimal characters). */
export interface DesiredObject {
  readonly key: string;
  readonly digest: string;
  readonly value: DesiredValue;
}

/** The agents' protocol version. Server N serves agents N and N-1. Agents ignore kinds they do not know. */
export const PROTOCOL = 1;

/** An answer to a pull: with `complete`, everything this host must have; otherwise what changed since the cursor given. Drops come first, then puts. */
export interface DesiredDelta {
  readonly cursor: string;
  readonly complete: boolean;
  readonly drop: readonly string[];
  readonly put: readonly DesiredObject[];
}

/** Applies a delta to the set held; the one definition of what a delta means. Answers the keys touched. */
export function applyDelta(held: Map<string, DesiredObject>, delta: DesiredDelta): Set<string> {
  const touched = new Set<string>();
  if (delta.complete) {
    for (const key of held.keys()) touched.add(key);
    held.clear();
  }
  for (const key of delta.drop) {
    if (held.delete(key)) touched.add(key);
    if (!key.startsWith('network/')) continue;
    const network = key.slice('network/'.length);
    for (const [other, object] of held) {
      if (object.value.network_id === network) {
        held.delete(other);
        touched.add(other);
      }
    }
  }
  for (const object of delta.put) {
    const before = held.get(object.key);
    held.set(object.key, object);
    if (delta.complete || before?.digest !== object.digest) touched.add(object.key);
  }
  return touched;
}
