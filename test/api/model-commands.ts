// Calls of several people, valid and not, as fast-check runs them: each says what the model expects, makes the call, and compares. Called by
// model.test.ts.
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Cloud, NOWHERE, type Person, type Reply, type Shown } from './cloud.ts';
import {
  type Actor,
  absent,
  addressIn,
  FORBIDDEN,
  fine,
  type Kind,
  LIMITS,
  type Model,
  type Network,
  POOL,
  type Port,
  refused,
  type Subnet,
  type Verdict,
} from './model.ts';

/** Two projects, a reader of the first one's, and the administrator. */
export const PEOPLE = ['member', 'reader', 'stranger', 'admin'] as const;
export type Who = (typeof PEOPLE)[number];
const KINDS = Object.keys(LIMITS) as Kind[];

export interface Real {
  readonly cloud: Cloud;
  readonly people: Readonly<Record<Who, Person>>;
}

export type Command = fc.AsyncCommand<Model, Real>;

/** What a command says of itself, and how it judges and makes its call. */
interface Call {
  readonly text: string;
  /** Whether the model says anything of it. */
  applies?(model: Model, actor: Actor): boolean;
  expected(model: Model, actor: Actor, people: Real['people']): Verdict;
  send(as: ReturnType<Cloud['as']>, model: Model, people: Real['people']): Promise<Reply>;
  /** Tells the model what came of a call that was as expected and did something. */
  done?(model: Model, actor: Actor, answer: Reply, people: Real['people']): void;
}

const actorOf = (who: Who, { people }: Real): Actor => ({
  role: who === 'admin' || who === 'reader' ? who : 'member',
  projectId: people[who].projectId,
});

class By implements Command {
  readonly #who: Who;
  readonly #call: Call;
  constructor(who: Who, call: Call) {
    this.#who = who;
    this.#call = call;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const actor = actorOf(this.#who, real);
    if (this.#call.applies?.(model, actor) === false) return;
    const expected = this.#call.expected(model, actor, real.people);
    const answer = await this.#call.send(real.cloud.as(real.people[this.#who]), model, real.people);
    const found: Verdict = { status: answer.status, ...(answer.status >= 400 && { type: String(answer.at('NeutronError.type')) }) };
    expect(found, `${this}: ${answer.text}`).toEqual(expected);
    if (answer.status < 300) this.#call.done?.(model, actor, answer, real.people);
  }
  toString(): string {
    return `${this.#who} ${this.#call.text}`;
  }
}

/** The id of the n-th of a kind; behind the last one, of one that is gone or of none. */
function pick(model: Model, kind: Kind, n: number): string {
  const rows = model.rows(kind);
  const gone = model.ever[kind].findLast((id) => !model[kind].has(id)) ?? NOWHERE;
  return rows[n % (rows.length + 1)]?.id ?? gone;
}

/** On a row: absent to who does not see it, forbidden to who may not act on it. */
function access(model: Model, actor: Actor, kind: Kind, id: string, may: (row: never) => boolean): Verdict | undefined {
  if (!model.sees(actor, kind, id)) return absent(kind);
  return may(model[kind].get(id) as never) ? undefined : FORBIDDEN;
}

const overQuota = refused(409, 'OverQuota');
const ownerOf = (model: Model, network: string): string => (model.network.get(network) as Network).project;

const createNetwork: Call = {
  text: 'makes a network',
  expected: (model, actor) => (actor.role === 'reader' ? FORBIDDEN : model.hasRoom('network', actor.projectId) ? fine(201) : overQuota),
  send: (as) => as('POST', '/networks', { network: {} }),
  done: (model, { projectId }, answer) =>
    model.add('network', { id: String(answer.at('network.id')), project: projectId, shares: new Map() }),
};

const deleteNetwork = (n: number): Call => ({
  text: `deletes network ${n}`,
  expected(model, actor) {
    const id = pick(model, 'network', n);
    const denied = access(model, actor, 'network', id, ({ project }: Network) => model.acts(actor, project));
    return denied ?? (model.portsOn(id).length > 0 ? refused(409, 'NetworkInUse') : fine(204));
  },
  send: (as, model) => as('DELETE', `/networks/${pick(model, 'network', n)}`),
  done(model) {
    const id = pick(model, 'network', n);
    for (const subnet of model.subnetsOf(id)) model.subnet.delete(subnet.id);
    model.network.delete(id);
  },
});

const share = (n: number, target: Who | '*'): Call => ({
  text: `shares network ${n} with ${target}`,
  applies: (model) => model.network.has(pick(model, 'network', n)),
  expected(model, actor, people) {
    const network = model.network.get(pick(model, 'network', n)) as Network;
    if (actor.role === 'reader' || (target === '*' && actor.role !== 'admin')) return FORBIDDEN;
    if (!model.acts(actor, network.project)) return refused(400, 'InvalidInput');
    return network.shares.has(target === '*' ? '*' : people[target].projectId) ? refused(409, 'DuplicateRbacPolicy') : fine(201);
  },
  send: (as, model, people) =>
    as('POST', '/rbac-policies', {
      rbac_policy: {
        object_type: 'network',
        object_id: pick(model, 'network', n),
        action: 'access_as_shared',
        target_tenant: target === '*' ? '*' : people[target].projectId,
      },
    }),
  done(model, { projectId }, answer) {
    const { id, target_tenant } = answer.at('rbac_policy') as Shown;
    (model.network.get(pick(model, 'network', n)) as Network).shares.set(String(target_tenant), { id, project: projectId });
  },
});

interface Shared {
  readonly network: Network;
  readonly target: string;
  readonly id: string;
  readonly project: string;
}

/** The n-th way in which a network is shared. */
function shareOf(model: Model, n: number, which: number): Shared | undefined {
  const network = model.network.get(pick(model, 'network', n));
  const found = [...(network?.shares ?? [])];
  const [target, policy] = found[which % Math.max(1, found.length)] ?? [];
  return network && target !== undefined && policy ? { network, target, ...policy } : undefined;
}

const unshare = (n: number, which: number): Call => ({
  text: `ends sharing ${which} of network ${n}`,
  // Of one's own: who else sees a policy is no part of the model.
  applies(model, actor) {
    const shared = shareOf(model, n, which);
    return shared !== undefined && model.acts(actor, shared.project);
  },
  expected(model) {
    const { network, target } = shareOf(model, n, which) as Shared;
    return model.isNeeded(network, target) ? refused(409, 'RbacPolicyInUse') : fine(204);
  },
  send: (as, model) => as('DELETE', `/rbac-policies/${shareOf(model, n, which)?.id}`),
  done(model) {
    const shared = shareOf(model, n, which);
    shared?.network.shares.delete(shared.target);
  },
});

const createSubnet = (n: number, block: number): Call => ({
  text: `makes subnet 10.0.${block}.0/29 on network ${n}`,
  expected(model, actor) {
    const network = model.network.get(pick(model, 'network', n));
    if (!network) return absent('network');
    if (!model.acts(actor, network.project)) return FORBIDDEN;
    if (!model.hasRoom('subnet', actor.projectId)) return overQuota;
    return model.subnetsOf(network.id).some((subnet) => subnet.n === block) ? refused(400, 'InvalidInput') : fine(201);
  },
  send: (as, model) =>
    as('POST', '/subnets', {
      subnet: {
        network_id: pick(model, 'network', n),
        ip_version: 4,
        cidr: `10.0.${block}.0/29`,
        allocation_pools: [{ start: `10.0.${block}.${POOL[0]}`, end: `10.0.${block}.${POOL[1]}` }],
      },
    }),
  done: (model, { projectId }, answer) =>
    model.add('subnet', { id: String(answer.at('subnet.id')), project: projectId, network: pick(model, 'network', n), n: block } as Subnet),
});

const deleteSubnet = (n: number): Call => ({
  text: `deletes subnet ${n}`,
  expected(model, actor) {
    const id = pick(model, 'subnet', n);
    const may = ({ project, network }: Subnet) => model.acts(actor, project) || model.acts(actor, ownerOf(model, network));
    const denied = access(model, actor, 'subnet', id, may);
    const isUsed = [...model.port.values()].some((port) => port.addresses.some(({ subnet }) => subnet === id));
    return denied ?? (isUsed ? refused(409, 'SubnetInUse') : fine(204));
  },
  send: (as, model) => as('DELETE', `/subnets/${pick(model, 'subnet', n)}`),
  done: (model) => void model.subnet.delete(pick(model, 'subnet', n)),
});

/** Who may make a port where. */
function mayPlug(model: Model, actor: Actor, network: string): Verdict | undefined {
  if (!model.sees(actor, 'network', network)) return absent('network');
  const row = model.network.get(network) as Network;
  if (model.acts(actor, row.project) || model.isShared(row, actor.projectId)) return undefined;
  return FORBIDDEN;
}

const addPort = (model: Model, { projectId }: Actor, answer: Reply): void => {
  const { id, network_id, fixed_ips } = answer.at('port') as Shown & {
    network_id: string;
    fixed_ips: { subnet_id: string; ip_address: string }[];
  };
  const addresses = fixed_ips.map(({ subnet_id, ip_address }) => ({ subnet: subnet_id, ip: ip_address }));
  model.add('port', { id, project: projectId, network: network_id, addresses } as Port);
};

const createPort = (n: number): Call => ({
  text: `makes a port on network ${n}`,
  expected(model, actor) {
    const network = pick(model, 'network', n);
    const denied = mayPlug(model, actor, network);
    if (denied) return denied;
    if (!model.hasRoom('port', actor.projectId)) return overQuota;
    const isFull = model.subnetsOf(network).length > 0 && model.free(network).length === 0;
    return isFull ? refused(409, 'IpAddressGenerationFailure') : fine(201);
  },
  send: (as, model) => as('POST', '/ports', { port: { network_id: pick(model, 'network', n) } }),
  done(model, actor, answer) {
    // One address that nobody had, of those that are given away; none where there are no subnets.
    const network = pick(model, 'network', n);
    const got = (answer.at('port.fixed_ips') as { subnet_id: string; ip_address: string }[]).map(({ subnet_id, ip_address }) => ({
      subnet: subnet_id,
      ip: ip_address,
    }));
    expect(got).toHaveLength(model.subnetsOf(network).length > 0 ? 1 : 0);
    for (const address of got) expect(model.free(network)).toContainEqual(address);
    addPort(model, actor, answer);
  },
});

const createPortAt = (n: number, block: number, last: number): Call => ({
  text: `makes a port with 10.0.${block}.${last} on network ${n}`,
  expected(model, actor) {
    const network = pick(model, 'network', n);
    const denied = mayPlug(model, actor, network);
    if (denied) return denied;
    // Which address is the network's owner's business.
    if (!model.acts(actor, ownerOf(model, network))) return FORBIDDEN;
    if (!model.hasRoom('port', actor.projectId)) return overQuota;
    const subnet = model.subnetsOf(network).find((one) => one.n === block);
    if (!subnet) return refused(400, 'InvalidIpForNetwork');
    return model.isTaken(subnet.id, addressIn(subnet, last)) ? refused(409, 'IpAddressAlreadyAllocated') : fine(201);
  },
  send: (as, model) =>
    as('POST', '/ports', { port: { network_id: pick(model, 'network', n), fixed_ips: [{ ip_address: `10.0.${block}.${last}` }] } }),
  done: addPort,
});

const deletePort = (n: number): Call => ({
  text: `deletes port ${n}`,
  expected(model, actor) {
    const id = pick(model, 'port', n);
    const may = ({ project, network }: Port) => model.acts(actor, project) || model.acts(actor, ownerOf(model, network));
    const denied = access(model, actor, 'port', id, may);
    return denied ?? (model.port.get(id)?.router ? refused(409, 'ServicePortInUse') : fine(204));
  },
  send: (as, model) => as('DELETE', `/ports/${pick(model, 'port', n)}`),
  done: (model) => void model.port.delete(pick(model, 'port', n)),
});

const createRouter: Call = {
  text: 'makes a router',
  expected: (model, actor) => (actor.role === 'reader' ? FORBIDDEN : model.hasRoom('router', actor.projectId) ? fine(201) : overQuota),
  send: (as) => as('POST', '/routers', { router: {} }),
  done: (model, { projectId }, answer) => model.add('router', { id: String(answer.at('router.id')), project: projectId }),
};

const deleteRouter = (n: number): Call => ({
  text: `deletes router ${n}`,
  expected(model, actor) {
    const id = pick(model, 'router', n);
    const denied = access(model, actor, 'router', id, ({ project }: { project: string }) => model.acts(actor, project));
    return denied ?? (model.interfacesOf(id).length > 0 ? refused(409, 'RouterInUse') : fine(204));
  },
  send: (as, model) => as('DELETE', `/routers/${pick(model, 'router', n)}`),
  done: (model) => void model.router.delete(pick(model, 'router', n)),
});

const addInterface = (n: number, m: number): Call => ({
  text: `puts router ${n} on subnet ${m}`,
  // On subnets of others, the rules of sharing have a say.
  applies(model) {
    const [router, subnet] = [model.router.get(pick(model, 'router', n)), model.subnet.get(pick(model, 'subnet', m))];
    return !router || !subnet || (subnet.project === router.project && ownerOf(model, subnet.network) === router.project);
  },
  expected(model, actor) {
    const [router, id] = [pick(model, 'router', n), pick(model, 'subnet', m)];
    const denied = access(model, actor, 'router', router, ({ project }: { project: string }) => model.acts(actor, project));
    if (denied) return denied;
    const subnet = model.subnet.get(id);
    if (!subnet || !model.sees(actor, 'subnet', id)) return absent('subnet');
    const others = model.interfacesOf(router).flatMap((port) => port.addresses.map((one) => model.subnet.get(one.subnet)));
    if (others.some((other) => other?.n === subnet.n)) return refused(400, 'BadRequest');
    return model.isTaken(id, addressIn(subnet, 1)) ? refused(409, 'IpAddressAlreadyAllocated') : fine(200);
  },
  send: (as, model) => as('PUT', `/routers/${pick(model, 'router', n)}/add_router_interface`, { subnet_id: pick(model, 'subnet', m) }),
  done(model, _, answer) {
    const router = pick(model, 'router', n);
    const subnet = model.subnet.get(pick(model, 'subnet', m)) as Subnet;
    const project = model.router.get(router)?.project as string;
    const addresses = [{ subnet: subnet.id, ip: addressIn(subnet, 1) }];
    model.add('port', { id: String(answer.at('port_id')), project, network: subnet.network, addresses, router } as Port);
  },
});

const removeInterface = (n: number, m: number): Call => ({
  text: `takes router ${n} off subnet ${m}`,
  expected(model, actor) {
    const [router, id] = [pick(model, 'router', n), pick(model, 'subnet', m)];
    const denied = access(model, actor, 'router', router, ({ project }: { project: string }) => model.acts(actor, project));
    if (denied) return denied;
    if (!model.sees(actor, 'subnet', id)) return absent('subnet');
    return interfaceOn(model, router, id) ? fine(200) : refused(404, 'RouterInterfaceNotFoundForSubnet');
  },
  send: (as, model) => as('PUT', `/routers/${pick(model, 'router', n)}/remove_router_interface`, { subnet_id: pick(model, 'subnet', m) }),
  done(model) {
    const port = interfaceOn(model, pick(model, 'router', n), pick(model, 'subnet', m));
    if (port) model.port.delete(port.id);
  },
});

const interfaceOn = (model: Model, router: string, subnet: string): Port | undefined =>
  model.interfacesOf(router).find((port) => port.addresses.some((one) => one.subnet === subnet));

const setLimit = (kind: Kind, of: Who, limit: number): Call => ({
  text: `sets ${of}'s limit of ${kind}s to ${limit}`,
  expected: (_, { role }) => (role === 'admin' ? fine(200) : FORBIDDEN),
  send: (as, _, people) => as('PUT', `/quotas/${people[of].projectId}`, { quota: { [kind]: limit, force: true } }),
  done: (model, _, __, people) => model.setLimit(kind, people[of].projectId, limit),
});
/** Everything that somebody sees, against what the model says. */
class Look implements Command {
  readonly #who: Who;
  constructor(who: Who) {
    this.#who = who;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const actor = actorOf(this.#who, real);
    const get = async (path: string) => real.cloud.as(real.people[this.#who])('GET', path);
    const ours = new Set(Object.values(real.people).map(({ projectId }) => projectId));
    for (const kind of KINDS) {
      const shown = ((await get(`/${kind}s`)).at(`${kind}s`) as Shown[]).filter((row) => ours.has(String(row.project_id)));
      const visible = model.rows(kind).filter(({ id }) => model.sees(actor, kind, id));
      expect(shown.map(({ id }) => id).sort(), `${this}: ${kind}s`).toEqual(visible.map(({ id }) => id).sort());
      for (const row of shown) this.#compare(model, actor, kind, row);
    }
    for (const kind of KINDS) {
      const id = model.ever[kind].at(-1);
      if (id !== undefined) expect((await get(`/${kind}s/${id}`)).status).toBe(model.sees(actor, kind, id) ? 200 : 404);
    }
    if (actor.role !== 'admin') return;
    for (const project of ours) {
      const details = (await get(`/quotas/${project}/details`)).at('quota') as Record<Kind, { used: number; limit: number }>;
      for (const kind of KINDS) {
        const { used, limit } = details[kind];
        expect([kind, used, limit]).toEqual([kind, model.used(kind, project), model.limit(kind, project)]);
      }
    }
  }
  #compare(model: Model, actor: Actor, kind: Kind, row: Shown): void {
    if (kind === 'network') {
      const network = model.network.get(row.id) as Network;
      const subnets = model.subnetsOf(row.id).map(({ id }) => id);
      expect({ shared: row.shared, subnets: (row.subnets as string[]).toSorted() }).toEqual({
        shared: model.isShared(network, actor.projectId),
        subnets: subnets.sort(),
      });
    }
    if (kind === 'port') {
      const addresses = (row.fixed_ips as { subnet_id: string; ip_address: string }[]).map((one) => ({
        subnet: one.subnet_id,
        ip: one.ip_address,
      }));
      expect(addresses).toEqual(model.port.get(row.id)?.addresses);
    }
  }
  toString(): string {
    return `${this.#who} looks around`;
  }
}

const who = fc.constantFrom<Who>('member', 'member', 'member', 'admin', 'admin', 'stranger', 'stranger', 'reader');
const nth = fc.nat({ max: 7 });
const block = fc.nat({ max: 2 });

/** What each sequence begins with, so that little is about nothing. */
export const beginning: readonly Command[] = [
  new By('member', createNetwork),
  new By('member', createSubnet(0, 0)),
  new By('member', createRouter),
  new By('stranger', createNetwork),
  new By('admin', share(0, 'stranger')),
];

/** Any command. What makes things comes more often than what removes them. */
export const commands: readonly fc.Arbitrary<Command>[] = [
  ...many(4, fc.constant(createNetwork)),
  ...many(1, nth.map(deleteNetwork)),
  ...many(
    2,
    fc.tuple(nth, fc.constantFrom<Who | '*'>('stranger', 'member', '*')).map(([n, target]) => share(n, target)),
  ),
  ...many(
    1,
    fc.tuple(nth, nth).map(([n, which]) => unshare(n, which)),
  ),
  ...many(
    4,
    fc.tuple(nth, block).map(([n, b]) => createSubnet(n, b)),
  ),
  ...many(1, nth.map(deleteSubnet)),
  ...many(4, nth.map(createPort)),
  ...many(
    3,
    fc.tuple(nth, block, fc.integer({ min: 1, max: 6 })).map(([n, b, last]) => createPortAt(n, b, last)),
  ),
  ...many(2, nth.map(deletePort)),
  ...many(2, fc.constant(createRouter)),
  ...many(1, nth.map(deleteRouter)),
  ...many(
    3,
    fc.tuple(nth, nth).map(([n, m]) => addInterface(n, m)),
  ),
  ...many(
    1,
    fc.tuple(nth, nth).map(([n, m]) => removeInterface(n, m)),
  ),
  ...many(
    1,
    fc.tuple(fc.constantFrom(...KINDS), who, fc.integer({ min: -1, max: 6 })).map(([kind, of, limit]) => setLimit(kind, of, limit)),
  ),
  ...[1, 2].map(() => who.map((one): Command => new Look(one))),
];

function many(times: number, call: fc.Arbitrary<Call>): fc.Arbitrary<Command>[] {
  return Array.from({ length: times }, () => fc.tuple(who, call).map(([one, it]): Command => new By(one, it)));
}
