// Step 9: what a host must have, whole or as changes since a cursor. The law: applying the changes since any cursor equals pulling
// everything. The cursor is read before the rows, so that what changes in between is only told twice.
import { type JournalEntry, latestCursor, readJournal } from '#store/journal.ts';
import type { Reader } from '#store/store.ts';
import type { DesiredDelta, DesiredObject } from './objects.ts';
import { type DhcpConfig, dhcpObject, floodObject, leaseObject, networkObject, peerObject, portObject } from './project.ts';
import { dhcpHosts, endpoint, endpoints, type NetworkRow, networkRow, networksOf, portRow, portRows, subnetRows } from './rows.ts';

/** With more changes than this behind, everything is cheaper. */
const MOST_ENTRIES = 5_000;

export async function pull(reader: Reader, host: string, since: string | undefined, config: DhcpConfig): Promise<DesiredDelta> {
  if (since !== undefined) {
    const page = await readJournal(reader, since, MOST_ENTRIES);
    if (!page.tooOld && page.entries.length < MOST_ENTRIES) {
      const view = await networksOf(reader, host);
      return changes(new Projection(reader, host, config), page.entries, view, page.cursor);
    }
  }
  const cursor = await latestCursor(reader);
  const projection = new Projection(reader, host, config);
  const put: DesiredObject[] = [];
  for (const network of await networksOf(reader, host)) put.push(...(await projection.wholeNetwork(network)));
  return { cursor, complete: true, drop: [], put };
}

/** Whether a change may alter what the host must have. */
export const concerns = (scopes: readonly string[], host: string, networks: ReadonlySet<string>): boolean =>
  scopes.some(
    (scope) => scope === `host:${host}` || scope === '*' || (scope.startsWith('network:') && networks.has(scope.slice('network:'.length))),
  );

/** The hosts whose view a change of these scopes may alter: named themselves, or having one of the networks. */
export async function hostsOf(reader: Reader, scopes: readonly string[]): Promise<Set<string>> {
  const named = (kind: string) => scopes.filter((scope) => scope.startsWith(kind)).map((scope) => scope.slice(kind.length));
  const hosts = new Set(named('host:'));
  const networks = named('network:');
  if (networks.length > 0) {
    const rows = await reader.all<{ host: string }>(
      `SELECT DISTINCT host FROM network_hosts WHERE network_id ${reader.dialect.inJson}`,
      JSON.stringify(networks),
    );
    for (const { host } of rows) hosts.add(host);
  }
  return hosts;
}

async function changes(
  projection: Projection,
  entries: readonly JournalEntry[],
  view: ReadonlySet<string>,
  cursor: string,
): Promise<DesiredDelta> {
  const { host } = projection;
  const whole = new Set<string>();
  const ports = new Set<string>();
  const networks = new Set<string>();
  const floods = new Set<string>();
  for (const { kind, id, action, scopes } of entries) {
    if (!concerns(scopes, host, view)) continue;
    const [network = '', other = ''] = id.split('/');
    if (kind === 'port') ports.add(id);
    else if (kind === 'network') networks.add(id);
    else if (kind === 'subnet' || kind === 'segment') for (const scope of scopes) networks.add(scope.slice('network:'.length));
    else if (kind === 'presence' && other !== host && action !== 'update') floods.add(id);
    else if (kind === 'presence' || (kind === 'dhcp_binding' && other === host)) whole.add(network);
  }
  const drop = new Set([...whole].map((network) => `network/${network}`));
  const put = new Map<string, DesiredObject>();
  const tell = (key: string, object: DesiredObject | undefined): void => {
    if (object) put.set(key, object);
    else drop.add(key);
  };
  for (const network of networks) {
    if (whole.has(network) || !view.has(network)) continue;
    tell(`network/${network}`, await projection.network(network));
    tell(`dhcp/${network}`, await projection.dhcp(network));
  }
  for (const id of floods) {
    const [network = '', other = ''] = id.split('/');
    if (!whole.has(network) && view.has(network)) tell(`flood/${id}`, await projection.flood(network, other));
  }
  for (const id of ports) for (const [key, object] of await projection.port(id, view)) tell(key, object);
  for (const network of whole)
    for (const object of view.has(network) ? await projection.wholeNetwork(network) : []) put.set(object.key, object);
  return { cursor, complete: false, drop: [...drop], put: [...put.values()] };
}

/** One host's look at the rows; what several objects need is read once. */
class Projection {
  readonly host: string;
  readonly #reader: Reader;
  readonly #config: DhcpConfig;
  readonly #networks = new Map<string, Promise<NetworkRow | undefined>>();
  readonly #endpoints = new Map<string, Promise<Map<string, string>>>();
  readonly #dhcpHosts = new Map<string, Promise<Map<string, string | null>>>();
  #local: Promise<string | null> | undefined;

  constructor(reader: Reader, host: string, config: DhcpConfig) {
    this.#reader = reader;
    this.host = host;
    this.#config = config;
  }

  async network(id: string): Promise<DesiredObject | undefined> {
    const row = await this.#network(id);
    this.#local ??= endpoint(this.#reader, this.host);
    return row && networkObject(row, await this.#local);
  }

  async dhcp(id: string): Promise<DesiredObject | undefined> {
    const row = await this.#network(id);
    const serverId = (await this.#served(id)).get(this.host);
    const server = typeof serverId === 'string' ? await portRow(this.#reader, serverId) : undefined;
    return row && server && dhcpObject(row, server, await subnetRows(this.#reader, id), this.#config);
  }

  async flood(id: string, other: string): Promise<DesiredObject | undefined> {
    const row = await this.#network(id);
    return row && floodObject(row, this.host, other, (await this.#endpointsOf(id)).get(other));
  }

  /** The three objects a port may be, each by its key; undefined: it is none of that kind on this host. */
  async port(id: string, view: ReadonlySet<string>): Promise<[string, DesiredObject | undefined][]> {
    const row = await portRow(this.#reader, id);
    const network = row && view.has(row.network_id) ? await this.#network(row.network_id) : undefined;
    if (!row || !network) return ['port', 'peer', 'lease'].map((kind) => [`${kind}/${id}`, undefined]);
    const served = await this.#served(network.id);
    const serves = served.has(this.host);
    // The server's own port is part of the server, whatever became of its owner.
    const server: [string, DesiredObject | undefined][] =
      served.get(this.host) === id ? [[`dhcp/${network.id}`, await this.dhcp(network.id)]] : [];
    return [
      [`port/${id}`, portObject(row, this.host)],
      [`peer/${id}`, peerObject(row, network, this.host, (await this.#endpointsOf(network.id)).get(row.host))],
      [`lease/${id}`, serves ? leaseObject(row) : undefined],
      ...server,
    ];
  }

  async wholeNetwork(id: string): Promise<DesiredObject[]> {
    const row = await this.#network(id);
    if (!row) return [];
    const serves = (await this.#served(id)).has(this.host);
    const ends = await this.#endpointsOf(id);
    const found = [await this.network(id), serves ? await this.dhcp(id) : undefined];
    for (const [other, tunnelIp] of ends) found.push(floodObject(row, this.host, other, tunnelIp));
    for (const port of await portRows(this.#reader, id, !serves)) {
      found.push(
        portObject(port, this.host),
        peerObject(port, row, this.host, ends.get(port.host)),
        serves ? leaseObject(port) : undefined,
      );
    }
    return found.filter((object) => object !== undefined);
  }

  #network(id: string): Promise<NetworkRow | undefined> {
    return once(this.#networks, id, () => networkRow(this.#reader, id, this.host));
  }
  #endpointsOf(id: string): Promise<Map<string, string>> {
    return once(this.#endpoints, id, () => endpoints(this.#reader, id));
  }
  #served(id: string): Promise<Map<string, string | null>> {
    return once(this.#dhcpHosts, id, () => dhcpHosts(this.#reader, id));
  }
}

function once<T>(known: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  let found = known.get(key);
  if (!found) known.set(key, (found = read()));
  return found;
}
