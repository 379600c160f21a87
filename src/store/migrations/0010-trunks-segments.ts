// What ports tell of how they are plugged.
import type { Dialect } from '../store.ts';

export const name = '0010-trunks-segments';

export const up = ({ integer }: Dialect): string => `
ALTER TABLE ports ADD COLUMN data_plane_status TEXT;
ALTER TABLE ports ADD COLUMN numa_affinity_policy TEXT;
ALTER TABLE ports ADD COLUMN device_profile TEXT;
ALTER TABLE ports ADD COLUMN hints TEXT;
ALTER TABLE ports ADD COLUMN trusted ${integer};
ALTER TABLE ports ADD COLUMN propagate_uplink_status ${integer} NOT NULL DEFAULT 1;
`;
