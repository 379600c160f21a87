// A floating IP pool: a subnet of which floating IPs can be had. Every IPv4 subnet of a network that leads outside for whoever asks.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';

export const floatingIpPool = resource({
  name: 'floatingip_pool',
  collection: 'floatingip_pools',
  doc: 'A subnet of which floating IPs can be had.',
  table: `(SELECT s.id, s.id AS subnet_id, s.name AS subnet_name, s.cidr, s.network_id, CAST(:project AS TEXT) AS project_id FROM subnets s
    WHERE s.ip_version = 4 AND s.network_id IN (
      SELECT object_id FROM rbac_policies WHERE object_type = 'network' AND action = 'access_as_external' AND target_project IN (:project, '*')
      UNION SELECT n.id FROM networks n WHERE n.project_id = :project AND n.router_external = 1))`,
  extension: 'floatingip-pools',
  operations: ['list'],
  attributes: {
    id: t.id('The subnet.').readOnly().hidden(),
    project_id: t.free('The project of whoever asks; `tenant_id` is the same.').readOnly(),
    network_id: t.id('The network of the subnet.').readOnly().list(),
    subnet_id: t.id('The subnet.').readOnly().list(),
    subnet_name: t.free('Its name.').readOnly().list(),
    cidr: t.cidr('Its prefix.').readOnly().list(),
  },
  scopes: () => [],
});
