// Which roles follow from which: pure. Used wherever a token, an application credential or a list of assignments shows what holds in effect.

/** Whoever holds `priorId` also holds `impliedId`. */
export interface Implication {
  readonly priorId: string;
  readonly impliedId: string;
}

/**
 * Every role that holds, with the role it follows from: itself for one that was given. Each role once, the given ones first; a circle of implications
 * ends where it began.
 */
export function effectiveRoles(given: readonly string[], implications: readonly Implication[]): Map<string, string> {
  const held = new Map(given.map((id) => [id, id]));
  // A Map goes on to entries added while it is walked, so this follows implications of implications too.
  for (const [id] of held) {
    for (const { priorId, impliedId } of implications) {
      if (priorId === id && !held.has(impliedId)) held.set(impliedId, id);
    }
  }
  return held;
}

/** The roles a new cloud has. */
export const standardRoles = ['admin', 'manager', 'member', 'reader', 'service'] as const;

/** What each of them brings along, by name. */
export const standardImplications: readonly (readonly [prior: string, implied: string])[] = [
  ['admin', 'manager'],
  ['manager', 'member'],
  ['member', 'reader'],
];
