// A small pure model of what a cloud keeps for several projects: who sees what, who may change it, what refers to what, which addresses are taken,
// and what quotas count. It knows nothing of databases. Called by model-commands.ts, which holds a server against it.

export const LIMITS = { network: 3, subnet: 5, port: 8, router: 2 } as const;
export type Kind = keyof typeof LIMITS;

export interface Actor {
  readonly role: 'admin' | 'member' | 'reader';
  readonly projectId: string;
}

export interface Network {
  readonly id: string;
  readonly project: string;
  /** Policies by the project that they let use it, '*' for all, each with the project that made it. */
  readonly shares: Map<string, { readonly id: string; readonly project: string }>;
}

export interface Subnet {
  readonly id: string;
  readonly project: string;
  readonly network: string;
  /** 10.0.n.0/29: the gateway is .1, addresses are chosen from {@link POOL}. */
  readonly n: number;
}

export interface Port {
  readonly id: string;
  readonly project: string;
  readonly network: string;
  readonly addresses: readonly { readonly subnet: string; readonly ip: string }[];
  /** The router that it is an interface of. */
  readonly router?: string;
}

export interface Router {
  readonly id: string;
  readonly project: string;
}

/** What the model expects of a call. */
export interface Verdict {
  readonly status: number;
  readonly type?: string;
}
export const fine = (status: number): Verdict => ({ status });
export const refused = (status: number, type: string): Verdict => ({ status, type });
export const FORBIDDEN = refused(403, 'PolicyNotAuthorized');

const NOT_FOUND = { network: 'NetworkNotFound', subnet: 'SubnetNotFound', port: 'PortNotFound', router: 'RouterNotFound' } as const;
export const absent = (kind: Kind): Verdict => refused(404, NOT_FOUND[kind]);

/** Address of a subnet; the last part is 0 to 7. */
export const addressIn = ({ n }: Pick<Subnet, 'n'>, last: number): string => `10.0.${n}.${last}`;
export const POOL = [2, 3] as const;

export class Model {
  readonly network = new Map<string, Network>();
  readonly subnet = new Map<string, Subnet>();
  readonly port = new Map<string, Port>();
  readonly router = new Map<string, Router>();
  /** Ids of all that ever was, for calls about what is gone. */
  readonly ever: Readonly<Record<Kind, string[]>> = { network: [], subnet: [], port: [], router: [] };
  readonly #limits = new Map<string, number>();

  rows(kind: Kind): readonly (Network | Subnet | Port | Router)[] {
    return [...this[kind].values()];
  }

  used(kind: Kind, project: string): number {
    return this.rows(kind).filter((row) => row.project === project).length;
  }

  limit(kind: Kind, project: string): number {
    return this.#limits.get(`${kind} ${project}`) ?? LIMITS[kind];
  }

  setLimit(kind: Kind, project: string, limit: number): void {
    this.#limits.set(`${kind} ${project}`, limit);
  }

  hasRoom(kind: Kind, project: string): boolean {
    const limit = this.limit(kind, project);
    return limit < 0 || this.used(kind, project) < limit;
  }

  /** Whether the network is shared with a project. */
  isShared({ shares }: Network, project: string): boolean {
    return shares.has(project) || shares.has('*');
  }

  sees(actor: Actor, kind: Kind, id: string): boolean {
    const row = this[kind].get(id);
    if (!row) return false;
    if (actor.role === 'admin' || row.project === actor.projectId) return true;
    if (kind === 'network') return this.isShared(row as Network, actor.projectId);
    if (kind === 'router') return false;
    const network = this.network.get((row as Subnet | Port).network) as Network;
    return network.project === actor.projectId || (kind === 'subnet' && this.isShared(network, actor.projectId));
  }

  /** Whether the actor may act for the project that a row, or the network of a row, belongs to. */
  acts({ role, projectId }: Actor, project: string): boolean {
    return role === 'admin' || (role === 'member' && projectId === project);
  }

  portsOn(network: string): Port[] {
    return [...this.port.values()].filter((port) => port.network === network);
  }

  subnetsOf(network: string): Subnet[] {
    return [...this.subnet.values()].filter((subnet) => subnet.network === network);
  }

  interfacesOf(router: string): Port[] {
    return [...this.port.values()].filter((port) => port.router === router);
  }

  isTaken(subnet: string, ip: string): boolean {
    return [...this.port.values()].some((port) => port.addresses.some((one) => one.subnet === subnet && one.ip === ip));
  }

  /** Addresses that a port may get by itself. */
  free(network: string): { readonly subnet: string; readonly ip: string }[] {
    return this.subnetsOf(network).flatMap((subnet) =>
      POOL.map((last) => ({ subnet: subnet.id, ip: addressIn(subnet, last) })).filter(({ ip }) => !this.isTaken(subnet.id, ip)),
    );
  }

  /** Whether somebody's ports would be on a network that is not shared with them any more, if not with the target. */
  isNeeded(network: Network, target: string): boolean {
    const others = this.portsOn(network.id)
      .map(({ project }) => project)
      .filter((project) => project !== network.project && (target === '*' || project === target));
    return others.some((project) => ![...network.shares.keys()].some((other) => other !== target && (other === '*' || other === project)));
  }

  add(kind: Kind, row: Network | Subnet | Port | Router): void {
    (this[kind] as Map<string, unknown>).set(row.id, row);
    this.ever[kind].push(row.id);
  }
}
