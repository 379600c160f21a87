// An availability zone: the agents of a kind that share a fate, named by their hosts' configuration. Nobody makes one: it is there while agents are.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import { DHCP_AGENT } from '#resources/agent/schema.ts';
import { zoneErrors } from './errors.ts';

/** One row for each zone and kind of agent; enabled agents make it available, whether they live or not. */
const ZONES = `(SELECT agent_type || '/' || availability_zone AS id, availability_zone AS name,
  CASE agent_type WHEN '${DHCP_AGENT}' THEN 'network' ELSE 'router' END AS resource,
  CASE MAX(admin_state_up) WHEN 1 THEN 'available' ELSE 'unavailable' END AS state
  FROM agents WHERE availability_zone IS NOT NULL GROUP BY agent_type, availability_zone)`;

export const availabilityZone = resource({
  name: 'availability_zone',
  collection: 'availability_zones',
  doc: 'Agents of a kind that share a fate.',
  table: ZONES,
  extension: 'availability_zone',
  operations: ['list'],
  attributes: {
    id: t.free('The kind of its agents and its name.').readOnly().hidden(),
    name: t.free('Its name, as hosts are configured.').readOnly().filter().list(),
    resource: t.oneOf('What its agents serve: `network` or `router`.', ['network', 'router']).readOnly().filter().list(),
    state: t
      .oneOf('`available` while one of its agents is enabled, else `unavailable`.', ['available', 'unavailable'])
      .readOnly()
      .filter()
      .list(),
  },
  notFound: (availability_zone) => zoneErrors.AvailabilityZoneNotFound({ availability_zone }),
  scopes: () => [],
});
