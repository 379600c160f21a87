-- Rows as a database has them at version 0011-flavors, beside those of the versions before.
INSERT INTO dhcp_wanting (network_id) VALUES ('network-1') ON CONFLICT DO NOTHING;
UPDATE networks SET availability_zone_hints = '["nova"]';
