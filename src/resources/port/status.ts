// A port's status, computed from what hosts said of it: the one place that decides it. Pure.

/** What one reporter said last, against what it should have applied. */
export interface Word {
  /** Its digest is that of the wiring as it is now. */
  readonly current: boolean;
  /** Why it is not applied; null: it is. */
  readonly error: string | null;
}

export interface Wiring {
  readonly admin_state_up: boolean;
  /** Bound to a host by a mechanism driver. */
  readonly bound: boolean;
  /** The L2 agent of the host; undefined: not a word yet. */
  readonly l2: Word | undefined;
  /** DHCP servers that must know its addresses, one of which is enough; undefined: none is needed. */
  readonly dhcp: readonly Word[] | undefined;
}

export type PortStatus = 'ACTIVE' | 'BUILD' | 'DOWN';

const applied = (word: Word | undefined): boolean => word?.current === true && word.error === null;

/** ACTIVE: everybody needed has applied the wiring as it is now. BUILD: it was wired on its host, and the rest is under way. */
export function portStatus({ admin_state_up, bound, l2, dhcp }: Wiring): PortStatus {
  if (!admin_state_up || !bound || l2 === undefined || l2.error !== null) return 'DOWN';
  return applied(l2) && (dhcp === undefined || dhcp.some(applied)) ? 'ACTIVE' : 'BUILD';
}
