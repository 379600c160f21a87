// What keeps instances out of the host's own IP altogether: one rule of one table of ours, which drops what is for the host itself and comes from a
// device of ours. Devices are marked by their group, so that a new one costs no rule. Part of the plan of plan.ts, and of what its target looks at.
import { runProgram } from '#host/process.ts';
import type { Step } from '#host/steps.ts';

/** The device group of bridges, tunnels and ports of ours. */
export const GROUP = '26995';
const TABLE = 'inet isospin_host';
const RULE = `iifgroup ${GROUP} drop`;

/** Whether the rule is there; undefined where none can be, for want of nft or of the kernel's part of it. */
export async function readGuard(signal: AbortSignal): Promise<boolean | undefined> {
  try {
    const { code, stdout } = await runProgram(['nft', 'list', 'tables'], { signal });
    if (code !== 0) return undefined;
    if (!stdout.split('\n').includes(`table ${TABLE}`)) return false;
    return (await runProgram(['nft', 'list', 'table', ...TABLE.split(' ')], { signal })).stdout.includes(RULE);
  } catch (error) {
    signal.throwIfAborted();
    if ((error as Error).message.endsWith('is not installed on this host')) return undefined;
    throw error;
  }
}

const SET = [
  `add table ${TABLE}`,
  `add chain ${TABLE} input { type filter hook input priority -10 ; policy accept ; }`,
  `flush chain ${TABLE} input`,
  `add rule ${TABLE} input ${RULE}`,
];

/** Brings the rule to where it must be: there as long as something of ours is. It serves no object: its failure is logged, and stops nobody. */
export function planGuard(present: boolean | undefined, wanted: boolean): Step[] {
  if (present === undefined || present === wanted) return [];
  return [{ tool: 'run', argv: ['nft', wanted ? SET.join('; ') : `delete table ${TABLE}`], keys: [] }];
}

/** Whether a step is one of these; true when it sets the rule. */
export function guardOf(step: Step): boolean | undefined {
  if (step.tool !== 'run' || step.argv[0] !== 'nft') return undefined;
  return !step.argv[1]?.startsWith('delete');
}
