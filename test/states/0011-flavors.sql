-- Rows as a database has them at version 0011-flavors, beside those of the versions before.
INSERT INTO dhcp_wanting (network_id) VALUES ('network-1') ON CONFLICT DO NOTHING;
UPDATE networks SET availability_zone_hints = '["nova"]';
INSERT INTO service_profiles (id, description, driver, enabled, metainfo) VALUES ('profile-1', '', '', 1, 'words');
INSERT INTO flavors (id, name, description, enabled, service_profiles, service_type)
  VALUES ('flavor-1', 'gold', NULL, 1, '["profile-1"]', 'L3_ROUTER_NAT');
INSERT INTO flavor_profiles (flavor_id, service_profile_id) VALUES ('flavor-1', 'profile-1');
