// What the kernel lets this process do: being root is not enough where capabilities were dropped, as in a container. Called once at an agent's start.
import { readFileSync } from 'node:fs';

/** Needed to change devices, and to make and enter namespaces: name and number in <linux/capability.h>. */
const NEEDED = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21 } as const;

/** Why this process cannot wire networks, in one sentence; undefined when it can. */
export function whyPowerless(status: string = readFileSync('/proc/self/status', 'utf8')): string | undefined {
  const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  if (mask === undefined) return undefined; // not told: the steps will show
  const missing = Object.entries(NEEDED).flatMap(([name, bit]) => (((BigInt(`0x${mask}`) >> BigInt(bit)) & 1n) === 0n ? [name] : []));
  return missing.length === 0 ? undefined : `wiring networks needs root, or at least ${missing.join(' and ')}, which this process lacks`;
}
