// Clients that create, change and delete at once, and remember what they were told. After a crash each thing must be as it was last acknowledged,
// or, where the answer was never heard, as before or as asked for: nothing in between.
import { randomUUID } from 'node:crypto';
import type { Api, Reply } from './program.ts';

export type Kind = 'network' | 'subnet' | 'port';
type Attributes = Readonly<Record<string, unknown>>;

/** What a client knows of one thing it made. `description` is its label, and never changes. */
interface Thing {
  readonly kind: Kind;
  readonly label: string;
  readonly network: string;
  /** As last acknowledged; null: not there. */
  sure: Attributes | null;
  /** What a request that was never answered asked for; null: to be gone. */
  maybe?: Attributes | null;
  /** Things of one request, of which all are made or none. */
  readonly bulk?: string;
}

/** Attributes that change by nobody but their owner. */
const SHOWN: Readonly<Record<Kind, readonly string[]>> = {
  network: ['name', 'mtu', 'provider:network_type', 'provider:segmentation_id'],
  subnet: ['name', 'cidr', 'gateway_ip', 'allocation_pools', 'network_id'],
  port: ['name', 'mac_address', 'fixed_ips', 'network_id', 'binding:host_id', 'binding:vif_type', 'admin_state_up'],
};

export interface Load {
  /** Requests that were answered. */
  readonly answered: number;
  /** Answers that no client should ever get. */
  readonly wrong: readonly string[];
  /** Lets clients call a server until `stop` or until it dies; `whose` chooses clients. Resolves when all have stopped. */
  run(api: Api, whose?: (client: number) => boolean): Promise<void>;
  stop(): void;
  resume(): void;
  /** Compares what the server shows with what was acknowledged; answers what differs, and settles what was not known. */
  compare(api: Api): Promise<string[]>;
}

const any = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];

/** `shared`: networks on which all clients make ports; hosts: names to which ports are bound. */
export function makeLoad(clients: number, shared: readonly { id: string; subnet: string }[], hosts: readonly string[]): Load {
  const things: Thing[][] = Array.from({ length: clients }, () => []);
  const wrong: string[] = [];
  let answered = 0;
  let serial = 0;
  let stopped = false;

  /** One client's requests, one after the other. */
  async function client(mine: Thing[], api: Api): Promise<void> {
    const of = (kind: Kind) => mine.filter((thing) => thing.kind === kind && thing.sure !== null && thing.maybe === undefined);
    const send = async (method: string, path: string, body?: object): Promise<Reply> => {
      const reply = await api(method, path, body);
      answered++;
      if (reply.status >= 500 || (reply.status >= 400 && reply.status !== 409)) {
        wrong.push(`${method} ${path} ${JSON.stringify(body)}: ${reply.status} ${JSON.stringify(reply.body)}`);
      }
      return reply;
    };
    const create = async (kind: Kind, network: string, bodies: readonly Attributes[]): Promise<void> => {
      const bulk = bodies.length > 1 ? randomUUID() : undefined;
      const made = bodies.map((body): Thing => {
        const label = randomUUID();
        return { kind, label, network, sure: null, maybe: { ...body, description: label }, ...(bulk !== undefined && { bulk }) };
      });
      mine.push(...made);
      const asked = made.map(({ maybe }) => maybe);
      const { status, body } = await send('POST', `/v2.0/${kind}s`, bulk === undefined ? { [kind]: asked[0] } : { [`${kind}s`]: asked });
      for (const [i, thing] of made.entries()) {
        if (status === 201) thing.sure = bulk === undefined ? body[kind] : body[`${kind}s`][i];
        delete thing.maybe;
      }
    };
    const update = async (thing: Thing, changes: Attributes): Promise<void> => {
      thing.maybe = changes;
      const { status, body } = await send('PUT', `/v2.0/${thing.kind}s/${thing.sure?.id}`, { [thing.kind]: changes });
      if (status === 200) thing.sure = body[thing.kind];
      delete thing.maybe;
    };
    const remove = async (thing: Thing): Promise<void> => {
      const parts = thing.kind === 'network' ? mine.filter((other) => other.kind === 'subnet' && other.network === thing.sure?.id) : [];
      for (const one of [thing, ...parts]) if (one.sure !== null) one.maybe = null;
      const { status } = await send('DELETE', `/v2.0/${thing.kind}s/${thing.sure?.id}`);
      for (const one of [thing, ...parts]) {
        if (status === 204) one.sure = null;
        delete one.maybe;
      }
    };
    const newPort = (network: string): Attributes => ({
      network_id: network,
      name: 'new',
      ...(Math.random() < 0.5 && { 'binding:host_id': any(hosts) }),
    });
    while (!stopped) {
      const dice = Math.random();
      const common = any(shared) as (typeof shared)[number];
      const own = any(of('network'));
      const network = own !== undefined && Math.random() < 0.4 ? String(own.sure?.id) : common.id;
      const port = any(of('port'));
      const address = `10.1.0.${2 + Math.floor(Math.random() * 60)}`;
      if (dice < 0.3) await create('port', network, [newPort(network)]);
      else if (dice < 0.38)
        await create('port', common.id, [{ ...newPort(common.id), fixed_ips: [{ subnet_id: common.subnet, ip_address: address }] }]);
      else if (dice < 0.45) await create('port', network, [newPort(network), newPort(network), newPort(network)]);
      else if (dice < 0.5) await create('network', '', [{ name: 'new' }]);
      else if (dice < 0.56 && own !== undefined)
        await create('subnet', String(own.sure?.id), [
          { network_id: own.sure?.id, name: 'new', ip_version: 4, cidr: `10.${2 + (++serial % 250)}.${Math.floor(serial / 250)}.0/24` },
        ]);
      else if (dice < 0.68 && port) await update(port, { name: randomUUID() });
      else if (dice < 0.73 && port) await update(port, { 'binding:host_id': Math.random() < 0.3 ? '' : any(hosts) });
      else if (dice < 0.77 && port?.network === common.id)
        await update(port, { fixed_ips: [{ subnet_id: common.subnet, ip_address: address }] });
      else if (dice < 0.8 && own) await update(own, { name: randomUUID() });
      else if (dice < 0.97 && port) await remove(port);
      else if (own && !mine.some((thing) => thing.kind === 'port' && thing.network === own.sure?.id && thing.sure !== null))
        await remove(own);
    }
  }

  return {
    get answered() {
      return answered;
    },
    wrong,
    async run(api, whose = () => true) {
      // A server that dies ends its clients.
      const running = things.filter((_, i) => whose(i)).map((mine) => client(mine, api).catch((error: Error) => lost(error)));
      await Promise.all(running);
    },
    stop: () => {
      stopped = true;
    },
    resume: () => {
      stopped = false;
    },
    async compare(api) {
      const differs: string[] = [];
      const found = new Map<string, Attributes>();
      for (const kind of ['network', 'subnet', 'port'] as const) {
        const { body } = await api('GET', `/v2.0/${kind}s`);
        for (const row of body[`${kind}s`] as Attributes[]) found.set(String(row.description), row);
      }
      const all = things.flat();
      const halves = new Map<string, Set<boolean>>();
      for (const thing of all) {
        const row = found.get(thing.label);
        if (!agrees(thing, row)) {
          differs.push(`${thing.kind} ${thing.label} is ${JSON.stringify(row)}, not ${JSON.stringify(thing.sure)} (${text(thing.maybe)})`);
        }
        if (thing.bulk !== undefined && thing.sure === null && thing.maybe)
          halves.set(thing.bulk, (halves.get(thing.bulk) ?? new Set()).add(row !== undefined));
        thing.sure = row ?? null;
        delete thing.maybe;
      }
      for (const [bulk, is] of halves) if (is.size > 1) differs.push(`bulk ${bulk} was made in part`);
      return differs;
    },
  };
}

const text = (maybe: Attributes | null | undefined): string => (maybe === undefined ? 'nothing else asked' : JSON.stringify(maybe));

/** A connection that broke is what the test is about; anything else is a mistake in it. */
function lost(error: Error): void {
  if (!/fetch failed|terminated|socket|ECONN/i.test(`${error.message} ${String(error.cause)}`)) throw error;
}

function agrees({ kind, sure, maybe }: Thing, row: Attributes | undefined): boolean {
  if (maybe === null && row === undefined) return true;
  if (sure === null) return row === undefined || (maybe != null && holds(row, maybe));
  if (row === undefined) return false;
  const same = SHOWN[kind].every((name) => JSON.stringify(row[name]) === JSON.stringify(sure[name]));
  return same || (maybe != null && holds(row, maybe));
}

const holds = (row: Attributes, asked: Attributes): boolean =>
  Object.entries(asked).every(([name, value]) =>
    name === 'fixed_ips'
      ? (row.fixed_ips as Attributes[]).some((ip) => ip.ip_address === (value as Attributes[])[0]?.ip_address)
      : JSON.stringify(row[name]) === JSON.stringify(value),
  );
