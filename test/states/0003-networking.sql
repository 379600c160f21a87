-- Rows as a database has them at version 0003-networking: one network with a subnet and a port bound to a host, and all that goes with them.
INSERT INTO networks (id, project_id, name, description, admin_state_up, status, mtu, router_external, port_security_enabled, dns_domain, revision_number, created_at, updated_at)
  VALUES ('network-1', 'project-1', 'net', '', 1, 'ACTIVE', 1450, 0, 1, '', 3, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO rbac_policies (id, project_id, object_type, object_id, action, target_project)
  VALUES ('rbac-1', 'project-1', 'network', 'network-1', 'access_as_shared', '*');
INSERT INTO network_segments (id, network_id, segment_index, network_type, physical_network, segmentation_id)
  VALUES ('segment-1', 'network-1', 0, 'vxlan', '', 1001), ('segment-2', 'network-1', 1, 'flat', 'physnet', NULL);
INSERT INTO subnets (id, project_id, network_id, name, description, ip_version, cidr, gateway_ip, enable_dhcp, allocation_pools, dns_nameservers, host_routes, service_types, revision_number, created_at, updated_at)
  VALUES ('subnet-1', 'project-1', 'network-1', 'sub', '', 4, '10.0.0.0/24', '10.0.0.1', 1, '[{"start":"10.0.0.2","end":"10.0.0.254"}]', '[]', '[]', '[]', 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
INSERT INTO ports (id, project_id, network_id, name, description, mac_address, admin_state_up, status, device_id, device_owner, fixed_ips, extra_dhcp_opts, dns_name, ip_allocation, port_security_enabled, binding_host_id, binding_vnic_type, binding_profile, binding_vif_type, binding_vif_details, binding_segment_id, revision_number, created_at, updated_at)
  VALUES ('port-1', 'project-1', 'network-1', '', '', 'fa:16:3e:00:00:01', 1, 'ACTIVE', 'device-1', 'compute:nova', '[{"subnet_id":"subnet-1","ip_address":"10.0.0.5"}]', '[]', '', 'immediate', 1, 'one', 'normal', '{}', 'bridge', '{}', 'segment-1', 5, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
INSERT INTO ip_allocations (subnet_id, ip_address, port_id, network_id) VALUES ('subnet-1', '10.0.0.5', 'port-1', 'network-1');
INSERT INTO free_ranges (pool, first, last) VALUES ('subnet-1', '0000000000000000000000000a000002', '0000000000000000000000000a000004');
INSERT INTO network_hosts (network_id, host, ports) VALUES ('network-1', 'one', 1);
INSERT INTO dhcp_bindings (network_id, host, port_id) VALUES ('network-1', 'one', NULL);
INSERT INTO agents (id, agent_type, "binary", host, topic, configurations, admin_state_up, created_at, started_at, heartbeat_timestamp, alive_until)
  VALUES ('agent-1', 'Linux bridge agent', 'isospin-l2-agent', 'one', 'N/A', '{}', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', '2026-01-01 00:00:00', '2026-01-01 00:01:15');
INSERT INTO hosts (name, credential_hash, created_at) VALUES ('one', 'hash', '2026-01-01T00:00:00Z');
INSERT INTO reports (host, object_key, digest, error, reported_at) VALUES ('one', 'port/port-1', '0123456789abcdef', NULL, '2026-01-01T00:00:00Z');
INSERT INTO quotas (project_id, resource, max) VALUES ('project-1', 'port', -1);
INSERT INTO quota_usage (project_id, resource, used) VALUES ('project-1', 'port', 1);
