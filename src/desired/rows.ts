// What the projections need of the database, read in as few look-ups as there are questions. Every list is bounded by what a host or a
// network has; nothing here reads a whole table.
import { canCarry, tunnelEndpoint } from '#ml2/mechanisms/linuxbridge.ts';
import type { Reader } from '#store/store.ts';
import type { DhcpSubnet } from './objects.ts';

/** A network as the segment carries it that a host is on. */
export interface NetworkRow {
  readonly id: string;
  readonly mtu: number;
  readonly dns_domain: string;
  readonly network_type: string;
  readonly physical_network: string;
  readonly segmentation_id: number | null;
}

export interface PortRow {
  readonly id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly admin_state_up: number;
  readonly device_owner: string;
  readonly host: string;
  readonly vif_type: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
  readonly extra_dhcp_opts: readonly { readonly opt_name: string; readonly opt_value: string | null; readonly ip_version: 4 | 6 }[];
  readonly dns_name: string;
}

const NETWORK = `SELECT n.id, n.mtu, n.dns_domain, g.network_type, COALESCE(g.physical_network, '') AS physical_network, g.segmentation_id
  FROM networks n JOIN network_segments g ON g.network_id = n.id WHERE n.id = ? ORDER BY g.segment_index`;
const PORT = `SELECT p.id, p.network_id, p.mac_address, p.admin_state_up, p.device_owner, p.binding_host_id AS host,
  p.binding_vif_type AS vif_type, p.fixed_ips, p.extra_dhcp_opts, p.dns_name FROM ports p`;

type StoredPort = Omit<PortRow, 'fixed_ips' | 'extra_dhcp_opts'> & { readonly fixed_ips: string; readonly extra_dhcp_opts: string };

const parsed = (row: StoredPort): PortRow => ({
  ...row,
  fixed_ips: JSON.parse(row.fixed_ips) as PortRow['fixed_ips'],
  extra_dhcp_opts: JSON.parse(row.extra_dhcp_opts) as PortRow['extra_dhcp_opts'],
});

/** As the host's agent carries it: by the first of its segments that the agent can, as its ports are bound there. */
export async function networkRow(reader: Reader, id: string, host: string): Promise<NetworkRow | undefined> {
  const rows = await reader.all<NetworkRow>(NETWORK, id);
  if (rows.length < 2) return rows[0];
  const agent = await reader.get<{ configurations: string }>(
    "SELECT configurations FROM agents WHERE host = ? AND agent_type = 'Linux bridge agent'",
    host,
  );
  const configurations = JSON.parse(agent?.configurations ?? '{}') as Record<string, unknown>;
  return rows.find((row) => canCarry(configurations, row)) ?? rows[0];
}

/** `locked`: nobody else changes the port until the transaction's end. */
export async function portRow(reader: Reader, id: string, locked = false): Promise<PortRow | undefined> {
  const row = await reader.get<StoredPort>(`${PORT} WHERE p.id = ?${locked ? ` ${reader.dialect.forUpdate}` : ''}`, id);
  return row && parsed(row);
}

/** All ports of a network, or those bound on some host only. */
export async function portRows(reader: Reader, networkId: string, boundOnly: boolean): Promise<PortRow[]> {
  const rows = await reader.all<StoredPort>(`${PORT} WHERE p.network_id = ?${boundOnly ? " AND p.binding_host_id <> ''" : ''}`, networkId);
  return rows.map(parsed);
}

/** Tunnel endpoints by host, of the hosts that have the network. */
export async function endpoints(reader: Reader, networkId: string): Promise<Map<string, string>> {
  const rows = await reader.all<{ host: string; configurations: string }>(
    `SELECT a.host, a.configurations FROM network_hosts h JOIN agents a ON a.host = h.host
     WHERE h.network_id = ? AND a.agent_type = 'Linux bridge agent'`,
    networkId,
  );
  return tunnelIps(rows);
}

/** A host's own tunnel endpoint. */
export async function endpoint(reader: Reader, host: string): Promise<string | null> {
  const rows = await reader.all<{ host: string; configurations: string }>(
    "SELECT host, configurations FROM agents WHERE host = ? AND agent_type = 'Linux bridge agent'",
    host,
  );
  return tunnelIps(rows).get(host) ?? null;
}

function tunnelIps(rows: readonly { readonly host: string; readonly configurations: string }[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { host, configurations } of rows) {
    const tunnelIp = tunnelEndpoint(JSON.parse(configurations) as Record<string, unknown>);
    if (tunnelIp !== undefined) found.set(host, tunnelIp);
  }
  return found;
}

/** Networks that are real on a host, by having bound ports there. */
export async function networksOf(reader: Reader, host: string): Promise<Set<string>> {
  const rows = await reader.all<{ network_id: string }>('SELECT network_id FROM network_hosts WHERE host = ? AND ports > 0', host);
  return new Set(rows.map(({ network_id }) => network_id));
}

export async function dhcpHosts(reader: Reader, networkId: string): Promise<Map<string, string | null>> {
  const rows = await reader.all<{ host: string; port_id: string | null }>(
    'SELECT host, port_id FROM dhcp_bindings WHERE network_id = ?',
    networkId,
  );
  return new Map(rows.map(({ host, port_id }) => [host, port_id]));
}

export async function subnetRows(reader: Reader, networkId: string): Promise<DhcpSubnet[]> {
  const rows = await reader.all<
    Omit<DhcpSubnet, 'enable_dhcp' | 'dns_nameservers' | 'host_routes'> &
      Record<'enable_dhcp' | 'dns_nameservers' | 'host_routes', string | number>
  >(
    `SELECT id AS subnet_id, cidr, ip_version, gateway_ip, enable_dhcp, ipv6_ra_mode, ipv6_address_mode, dns_nameservers, host_routes
     FROM subnets WHERE network_id = ? ORDER BY id`,
    networkId,
  );
  return rows.map((row) => ({
    subnet_id: row.subnet_id,
    cidr: row.cidr,
    ip_version: row.ip_version,
    gateway_ip: row.gateway_ip,
    enable_dhcp: row.enable_dhcp === 1,
    ipv6_ra_mode: row.ipv6_ra_mode,
    ipv6_address_mode: row.ipv6_address_mode,
    dns_nameservers: JSON.parse(String(row.dns_nameservers)) as string[],
    host_routes: JSON.parse(String(row.host_routes)) as { destination: string; nexthop: string }[],
  }));
}
