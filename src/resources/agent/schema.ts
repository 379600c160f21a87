// An agent: a part of Isospin on some host that wires ports or serves DHCP there. Made by the host saying hello, never by clients.
import { t } from '#core/attributes.ts';
import { errorTable } from '#core/errors.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';

export const agentErrors = errorTable({
  AgentNotFound: ['notFound', 'Agent {id} could not be found.'],
  InvalidDHCPAgent: ['notFound', 'Agent {id} is not a valid DHCP Agent or has been disabled.'],
  NetworkHostedByDHCPAgent: ['conflict', 'The network {network_id} has been already hosted by the DHCP Agent {agent_id}.'],
  NetworkNotHostedByDhcpAgent: ['conflict', 'The network {network_id} is not hosted by the DHCP Agent {agent_id}.'],
});

/** What kind of agent serves DHCP, as agents name themselves. */
export const DHCP_AGENT = 'DHCP agent';
/** What kind of agent carries routers. */
export const L3_AGENT = 'L3 agent';

const moment = (doc: string) => t.free(`${doc} \`YYYY-MM-DD HH:MM:SS\`, UTC.`).readOnly().sort();

export const agent = resource({
  name: 'agent',
  collection: 'agents',
  doc: 'A part of Isospin on a host.',
  table: 'agents',
  extension: 'agent',
  operations: ['list', 'show', 'update', 'delete'],
  bulk: false,
  attributes: {
    id: t.id('Identifies the agent.').readOnly().filter().sort().list(),
    agent_type: t.free('What it does: `Linux bridge agent`, `DHCP agent`, …').readOnly().filter().sort().list(),
    binary: t.free('The program.').readOnly().filter().sort().list(),
    topic: t.free('Kept for clients that show it.').readOnly().filter().sort(),
    host: t.free('The host it runs on.').readOnly().filter().sort().list(),
    admin_state_up: t.bool('False: nothing new is scheduled on it.').updateOnly().filter().sort().list(),
    alive: t
      .bool('Whether its heartbeat is recent.')
      .readOnly()
      .filter()
      .sort()
      .list()
      .derived((d) => `CASE WHEN r.alive_until >= ${d.now} THEN 1 ELSE 0 END`),
    availability_zone: t
      .free('The zone it is in; null where zones mean nothing to it.')
      .nullable()
      .readOnly()
      .filter()
      .extension('availability_zone'),
    resources_synced: t
      .bool('Whether its resources stand at Placement; null while nothing is told to Placement.')
      .nullable()
      .readOnly()
      .derived('NULL')
      .extension('agent-resources-synced'),
    configurations: t.json<Record<string, unknown>>('What it said of itself.', { type: 'object' }).readOnly(),
    description: t
      .text('Free text for people.')
      .nullable()
      .updateOnly()
      .filter()
      .sort()
      .validate(check.orNull(check.text(255))),
    created_at: moment('When it was first heard of:'),
    started_at: moment('When its process started:'),
    heartbeat_timestamp: moment('When it was last heard of:'),
  },
  notFound: (id) => agentErrors.AgentNotFound({ id }),
  scopes: () => [],
});
