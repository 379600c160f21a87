-- Rows as a database has them at version 0007-routers: those of before, a router with a gateway and one on a subnet.
INSERT INTO routers (id, project_id, name, description, admin_state_up, status, distributed, ha, routes, availability_zone_hints, gw_port_id, gw_network_id, gw_enable_snat, tags, revision_number, created_at, updated_at)
  VALUES ('router-1', 'project-1', 'gate', '', 1, 'ACTIVE', 0, 0, '[]', '[]', NULL, NULL, 1, '[]', 2, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO router_interfaces (id, router_id, subnet_id, port_id, network_id) VALUES ('interface-1', 'router-1', 'subnet-1', 'port-1', 'network-1');
INSERT INTO router_bindings (router_id, host, port_id) VALUES ('router-1', 'one', NULL);
INSERT INTO router_wanting (router_id) VALUES ('router-1');
INSERT INTO ha_networks (project_id, network_id) VALUES ('project-1', 'network-1');
