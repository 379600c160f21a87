// Address scopes, subnet pools and what subnets and networks have of them.
import type { Dialect } from '../store.ts';

export const name = '0006-subnet-pools';

export const up = ({ integer, keyed }: Dialect): string => `
CREATE TABLE address_scopes (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  ip_version ${integer} NOT NULL
);
CREATE INDEX address_scopes_project ON address_scopes (project_id);

CREATE TABLE subnetpools (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  ip_version ${integer} NOT NULL,
  prefixes TEXT NOT NULL,
  min_prefixlen ${integer} NOT NULL,
  max_prefixlen ${integer} NOT NULL,
  default_prefixlen ${integer} NOT NULL,
  default_quota ${integer},
  is_default ${integer} NOT NULL,
  address_scope_id TEXT REFERENCES address_scopes (id),
  tags TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX subnetpools_project ON subnetpools (project_id);
CREATE INDEX subnetpools_scope ON subnetpools (address_scope_id);
CREATE UNIQUE INDEX subnetpools_default ON subnetpools (ip_version) WHERE is_default = 1;

-- The prefixes of pools as numbers of 32 hexadecimal characters, so that text order is number order: within a scope they never overlap.
CREATE TABLE subnetpool_prefixes (
  subnetpool_id TEXT NOT NULL REFERENCES subnetpools (id) ON DELETE CASCADE,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  address_scope_id TEXT,
  PRIMARY KEY (subnetpool_id, first)
)${keyed};
CREATE INDEX subnetpool_prefixes_scope ON subnetpool_prefixes (address_scope_id, first);

-- What of them is free, as the largest prefixes that make it up.
CREATE TABLE free_prefixes (
  subnetpool_id TEXT NOT NULL REFERENCES subnetpools (id) ON DELETE CASCADE,
  first TEXT NOT NULL,
  length ${integer} NOT NULL,
  PRIMARY KEY (subnetpool_id, first)
)${keyed};
CREATE INDEX free_prefixes_length ON free_prefixes (subnetpool_id, length DESC, first);

-- How many addresses each project has of a pool, in decimal: IPv6 has more than any column counts.
CREATE TABLE subnetpool_usage (
  subnetpool_id TEXT NOT NULL REFERENCES subnetpools (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL,
  used TEXT NOT NULL,
  PRIMARY KEY (subnetpool_id, project_id)
)${keyed};

ALTER TABLE subnets ADD COLUMN subnetpool_id TEXT REFERENCES subnetpools (id);
ALTER TABLE subnets ADD COLUMN dns_publish_fixed_ip ${integer} NOT NULL DEFAULT 0;
CREATE INDEX subnets_pool ON subnets (subnetpool_id) WHERE subnetpool_id IS NOT NULL;

-- The external network of those who name none: there is one slot.
CREATE TABLE default_external_network (
  slot ${integer} PRIMARY KEY,
  network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE
);

-- The network, and the router, that a project was given for the asking. A project's place is taken before the network is made.
CREATE TABLE auto_allocated_topologies (
  id TEXT PRIMARY KEY REFERENCES networks (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  project_id TEXT NOT NULL UNIQUE,
  router_id TEXT
);

ALTER TABLE ports ADD COLUMN dns_domain TEXT NOT NULL DEFAULT '';
`;
