-- Rows as a database has them at version 0008-floating-ips, beside those of the versions before.
INSERT INTO floatingips (id, project_id, floating_ip_address, floating_network_id, router_id, port_id, fixed_ip_address, status, description, dns_domain, dns_name, tags, revision_number, created_at, updated_at)
  VALUES ('floating-ip-1', 'project-1', '198.51.100.9', 'network-1', NULL, 'port-1', '10.0.0.5', 'DOWN', '', '', '', '[]', 1, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO port_forwardings (id, project_id, floatingip_id, protocol, internal_port_id, internal_ip_address, description, external_first, external_last, internal_first, internal_last)
  VALUES ('forwarding-1', 'project-1', 'floating-ip-1', 'tcp', 'port-1', '10.0.0.5', '', 8080, 8089, 80, 89);
INSERT INTO conntrack_helpers (id, project_id, router_id, protocol, port, helper) VALUES ('helper-1', 'project-1', 'router-1', 'tcp', 21, 'ftp');
INSERT INTO ndp_proxies (id, project_id, name, description, router_id, port_id, ip_address, revision_number, created_at, updated_at)
  VALUES ('proxy-1', 'project-1', '', '', 'router-1', 'port-1', '2001:db8::5', 1, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO local_ips (id, project_id, name, description, local_port_id, network_id, local_ip_address, ip_mode, revision_number, created_at, updated_at)
  VALUES ('local-ip-1', 'project-1', 'near', '', 'port-1', 'network-1', '10.0.0.5', 'translate', 1, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO local_ip_associations (id, project_id, local_ip_id, fixed_port_id, fixed_ip)
  VALUES ('association-1', 'project-1', 'local-ip-1', 'port-1', '10.0.0.5');
