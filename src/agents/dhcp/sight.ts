// What the DHCP target sees of a host, what it wishes of it, and the phases of its plans. Types alone.
import type { DhcpObject, LeaseObject } from '#desired/objects.ts';
import type { Step } from '#host/steps.ts';

/** The server's end of its device, in its namespace. */
export interface InnerDevice {
  readonly name: string;
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** With prefix length, without link-local ones. */
  readonly addresses: readonly string[];
}

/** What there is of one network's DHCP server. */
export interface ServerSight {
  /** Our directory is there: what else bears the network's name is ours. */
  readonly directory: boolean;
  /** The directories that dnsmasq watches are in it. */
  readonly complete: boolean;
  readonly namespace: boolean;
  /** Its name is there with no namespace behind it: what a crash of `ip netns add` leaves. */
  readonly husk: boolean;
  /** Devices in the namespace besides loopback. */
  readonly inner: readonly InnerDevice[];
  /** The digest of the configuration that the living server has read; null without one. */
  readonly running: string | null;
  /** The server was started before the lease bus, so it is not on it. */
  readonly offBus: boolean;
  /** `hosts/<port id>` and the like, and configuration files, by name: content. */
  readonly files: ReadonlyMap<string, string>;
  /** Content of the file of addresses to forget. */
  readonly pending: string | null;
  /** IPv6 addresses leased; known in full rounds. */
  readonly leased: readonly string[];
  /** Milliseconds until the server may be signalled again. */
  readonly quiet: number;
}

/** What plans look at. */
export interface DhcpActual {
  readonly runDirectory: string;
  /** Whom dnsmasq becomes. */
  readonly user: string;
  /** Why no DHCP server can run on this host, as far as it is known. */
  readonly unable: string | null;
  readonly ipv6: boolean;
  /** Network devices in the host's own namespace. */
  readonly devices: ReadonlySet<string>;
  readonly bus: { readonly config: string | null; readonly running: boolean };
  /** Most inotify instances a user may have: each dnsmasq needs one, and all count for root. */
  readonly inotifyLimit: number;
  /** Every network that has a server's directory here, whatever the scope. */
  readonly directories: readonly string[];
  readonly servers: ReadonlyMap<string, ServerSight>;
  /** Networks whose server could not be looked at, and why: nothing of them is touched. */
  readonly unseen: ReadonlyMap<string, string>;
}

/** One network's server as it must be. */
export interface ServerWish {
  readonly dhcp: DhcpObject;
  readonly key: string;
  readonly leases: readonly { readonly key: string; readonly value: LeaseObject }[];
}

/** Steps by when they must happen; within a phase, by network. What several networks need of one program is done by one process. */
export interface Phases {
  readonly stop: Step[];
  readonly make: Step[];
  readonly link: Step[];
  readonly inside: Step[];
  readonly write: Step[];
  readonly start: Step[];
  /** What waits for a running server: changes, the signal, and what it must forget. */
  readonly settle: Step[];
}
