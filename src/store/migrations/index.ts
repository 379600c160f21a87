// Every migration, oldest first; a database's version is how many of them it has had. Read by migrate.ts. Append only:
// one that has been released never changes.
import type { Dialect } from '../store.ts';
import * as journal from './0001-journal.ts';
import * as identity from './0002-identity.ts';
import * as networking from './0003-networking.ts';
import * as tags from './0004-tags.ts';
import * as securityGroups from './0005-security-groups.ts';
import * as subnetPools from './0006-subnet-pools.ts';
import * as routers from './0007-routers.ts';
import * as floatingIps from './0008-floating-ips.ts';
import * as qos from './0009-qos.ts';
import * as trunksSegments from './0010-trunks-segments.ts';
import * as flavors from './0011-flavors.ts';
import * as meteringLogs from './0012-metering-logs.ts';

export interface Migration {
  readonly name: string;
  /** The SQL that leads from the version before to this one. */
  up(dialect: Dialect): string;
}

export const migrations: readonly Migration[] = [
  journal,
  identity,
  networking,
  tags,
  securityGroups,
  subnetPools,
  routers,
  floatingIps,
  qos,
  trunksSegments,
  flavors,
  meteringLogs,
];
