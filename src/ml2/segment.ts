// What a segment, a type driver and a mechanism driver are. A new network type or switch is written against this page alone.

export type NetworkType = 'local' | 'flat' | 'vlan' | 'gre' | 'vxlan' | 'geneve';

export interface Segment {
  readonly id: string;
  readonly network_type: NetworkType;
  /** '' where the type has none. */
  readonly physical_network: string;
  readonly segmentation_id: number | null;
}

/** What a client may say of a segment it wants. */
export interface SegmentRequest {
  readonly network_type: string;
  readonly physical_network: string | null | undefined;
  readonly segmentation_id: number | null | undefined;
}

export interface TypeDriver {
  readonly type: NetworkType;
  /** Bytes that the type adds to an instance's packet on the wire, outer IPv4 header included. */
  readonly overhead: number;
  /** Carried between tunnel endpoints rather than on a physical network. */
  readonly tunnel: boolean;
  /** Valid segmentation ids, when the type has any. */
  readonly ids: readonly [number, number] | undefined;
  /** Why a requested segment cannot be, in the API's words; undefined: it can. */
  check(request: SegmentRequest, known: PhysicalNetworks): string | undefined;
}

/** Which physical networks the configuration names. */
export interface PhysicalNetworks {
  /** '*' is any. */
  readonly flat: readonly string[];
  readonly vlan: ReadonlyMap<string, readonly (readonly [number, number])[]>;
}

/** An agent of the host a port is to be bound to. */
export interface HostAgent {
  readonly agent_type: string;
  readonly alive: boolean;
  readonly configurations: Readonly<Record<string, unknown>>;
}

export interface Binding {
  readonly vif_type: string;
  readonly vif_details: Readonly<Record<string, unknown>>;
  readonly segment: Segment;
}

export interface MechanismDriver {
  readonly name: string;
  /** The agent that wires its ports. */
  readonly agentType: string;
  readonly vnicTypes: readonly string[];
  /** The first segment this driver can wire on that host, and how; or why none, in one sentence. Pure. */
  bind(networkId: string, agent: HostAgent, segments: readonly Segment[]): Binding | { readonly refused: string };
}
