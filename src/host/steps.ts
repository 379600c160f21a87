// Everything an agent may do to its host, as plain data: plans are lists of these, printed, compared, counted and batched.
// Each step names the desired objects it serves, so that a failure is reported for them and stops nobody else.

interface Serves {
  /** Keys of the desired objects that need this step; empty for the removal of what nobody wants. */
  readonly keys: readonly string[];
}

/** A line of `ip -batch` in the host's namespace or in `netns`; `['link', 'add', 'brq…', 'type', 'bridge']`. */
export interface IpStep extends Serves {
  readonly tool: 'ip';
  readonly netns?: string;
  readonly args: readonly string[];
}
/** A line of `bridge -batch`. */
export interface BridgeStep extends Serves {
  readonly tool: 'bridge';
  readonly args: readonly string[];
}
/** A kernel setting: `net/ipv6/conf/tap…/disable_ipv6`. */
export interface SysctlStep extends Serves {
  readonly tool: 'sysctl';
  readonly netns?: string;
  readonly name: string;
  readonly value: string;
}
/** A file written as a whole (rename over), or removed when `content` is null. */
export interface FileStep extends Serves {
  readonly tool: 'file';
  readonly path: string;
  readonly content: string | null;
  /** Permission bits; 0o644 when left out, because daemons read their files as their own user. */
  readonly mode?: number;
}
/** A directory that any user may read, made with what leads to it, or removed with what is in it. */
export interface DirectoryStep extends Serves {
  readonly tool: 'directory';
  readonly path: string;
  readonly present: boolean;
}
/** A daemon started in a session of its own, so that it outlives us; it writes `pidFile` itself. */
export interface StartStep extends Serves {
  readonly tool: 'start';
  readonly netns?: string;
  readonly argv: readonly string[];
  readonly pidFile: string;
}
/** A signal to the daemon that `pidFile` names, if its command line holds `match`. */
export interface SignalStep extends Serves {
  readonly tool: 'signal';
  readonly pidFile: string;
  readonly match: string;
  readonly signal: 'SIGHUP' | 'SIGTERM' | 'SIGKILL';
}
/** A short-lived program with its arguments, as `dhcp_release`; never through a shell. */
export interface RunStep extends Serves {
  readonly tool: 'run';
  readonly netns?: string;
  readonly argv: readonly string[];
}
/** Leases that the DHCP server `server` on the lease bus at `bus` must drop, whoever holds them. */
export interface ForgetStep extends Serves {
  readonly tool: 'forget';
  readonly bus: string;
  readonly server: string;
  readonly addresses: readonly string[];
}

export type Step = IpStep | BridgeStep | SysctlStep | FileStep | DirectoryStep | StartStep | SignalStep | RunStep | ForgetStep;

/** A step as one line of text, as `agent plan` and the golden files print it. */
export function stepText(step: Step): string {
  const where = 'netns' in step && step.netns !== undefined ? ` -n ${step.netns}` : '';
  switch (step.tool) {
    case 'ip':
      return `ip${where} ${step.args.join(' ')}`;
    case 'bridge':
      return `bridge ${step.args.join(' ')}`;
    case 'sysctl':
      return `sysctl${where} ${step.name}=${step.value}`;
    case 'file':
      return step.content === null ? `remove ${step.path}` : `write ${step.path} (${step.content.length} bytes)`;
    case 'directory':
      return step.present ? `make directory ${step.path}` : `remove directory ${step.path}`;
    case 'forget':
      return `forget ${step.server} ${step.addresses.join(' ')}`;
    case 'start':
      return `start${where} ${step.argv.join(' ')}`;
    case 'signal':
      return `signal ${step.signal} ${step.pidFile}`;
    case 'run':
      return `run${where} ${step.argv.join(' ')}`;
  }
}
