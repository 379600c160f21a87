// Whether everything is served that a reference deployment offers. Until then published-*.test.ts print what is left instead of failing; what is
// served must be like the published definitions in any case.

export const complete: boolean = false;

/** Fails on what is left once nothing may be; prints it until then. */
export function report(what: string, left: readonly string[]): void {
  if (left.length === 0) return;
  const line = `left: ${left.length} ${what}: ${left.join(', ')}`;
  if (complete) throw new Error(line);
  console.log(line);
}
