// Tokens already looked up, by their text: what makes the second request with a token cost a microsecond. Used by embedded.ts alone, which knows
// when an entry no longer counts. Two generations instead of a strict order of use: a hit moves nothing, and the bound still holds.

export interface TokenCache<Value> {
  get(token: string): Value | undefined;
  set(token: string, value: Value): void;
}

/** Keeps at most `most` entries; the ones unused for longest go first. */
export function tokenCache<Value>(most: number): TokenCache<Value> {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  const set = (token: string, value: Value) => {
    if (young.size >= most / 2) {
      old = young;
      young = new Map();
    }
    young.set(token, value);
  };
  return {
    get(token) {
      const hit = young.get(token);
      if (hit !== undefined) return hit;
      const kept = old.get(token);
      if (kept !== undefined) {
        old.delete(token);
        set(token, kept);
      }
      return kept;
    },
    set,
  };
}
