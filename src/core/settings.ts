// The part of the configuration that rules decide by. Made by main from the configuration; plain values only.

export interface Settings {
  /** Default quota by resource name; a resource not named here has its declaration's. -1 is unlimited. */
  readonly quota: Readonly<Record<string, number>>;
  /** Types tried in order for a tenant's network. */
  readonly networkTypes: readonly string[];
  /** Physical networks that flat networks may use; '*' is any. */
  readonly flatNetworks: readonly string[];
  /** VLAN ids by physical network; a name with no ranges lets administrators choose ids themselves. */
  readonly vlanRanges: ReadonlyMap<string, readonly (readonly [number, number])[]>;
  /** Tunnel ids from which gre, vxlan and geneve networks are numbered. */
  readonly tunnelIds: readonly (readonly [number, number])[];
  /** Bytes: MTU of the physical network that carries everything. */
  readonly globalPhysnetMtu: number;
  /** Bytes: MTU of the path between tunnel endpoints; 0: as globalPhysnetMtu. */
  readonly pathMtu: number;
  /** With a dot at its end. */
  readonly dnsDomain: string;
  readonly maxDnsNameservers: number;
  readonly maxSubnetHostRoutes: number;
  /** Pairs of one port. */
  readonly maxAllowedAddressPairs: number;
  /** Rows a list answers at most; -1: no bound. */
  readonly paginationMaxLimit: number;
  /** Whether a limit below what is used is refused unless it is forced; else only where the request asks for the check. */
  readonly quotaCheckLimit: boolean;
  /** Seconds without a heartbeat after which an agent counts as dead. */
  readonly agentDownTime: number;
  /** Zones in which is scheduled what asks for none; empty: any. */
  readonly defaultAvailabilityZones: readonly string[];
  readonly dhcpAgentsPerNetwork: number;
  /** On how many hosts a highly available router stands by; 0: on all. */
  readonly l3AgentsPerRouter: number;
  /** Seconds; -1 for ever. */
  readonly dhcpLeaseDuration: number;
}

export const defaultSettings: Settings = {
  quota: {},
  networkTypes: ['vxlan', 'local'],
  flatNetworks: ['*'],
  vlanRanges: new Map(),
  tunnelIds: [[1, 16_777_215]],
  globalPhysnetMtu: 1500,
  pathMtu: 0,
  dnsDomain: 'openstacklocal.',
  maxDnsNameservers: 5,
  maxSubnetHostRoutes: 20,
  maxAllowedAddressPairs: 10,
  paginationMaxLimit: -1,
  quotaCheckLimit: true,
  agentDownTime: 75,
  defaultAvailabilityZones: [],
  dhcpAgentsPerNetwork: 1,
  l3AgentsPerRouter: 3,
  dhcpLeaseDuration: 86_400,
};
