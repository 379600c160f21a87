// The journal of every change, and the horizon: the newest entry that has been pruned. Written and read by journal.ts.
import { randomBytes } from 'node:crypto';
import type { Dialect } from '../store.ts';

export const name = '0001-journal';

export const up = ({ name: engine, serial, integer, xid }: Dialect): string => `
CREATE TABLE journal (
  position ${serial},
  ${xid === '' ? '' : `xid ${xid},`}
  at ${integer} NOT NULL,
  request_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  project_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  action TEXT NOT NULL,
  scopes TEXT NOT NULL
);
${engine === 'postgres' ? 'CREATE UNIQUE INDEX journal_order ON journal (xid, position);' : ''}

-- One row. The epoch is part of every cursor, so that one of another database is never taken for one of this.
CREATE TABLE journal_horizon (
  epoch TEXT NOT NULL,
  xid TEXT NOT NULL,
  position ${integer} NOT NULL
);
INSERT INTO journal_horizon (epoch, xid, position) VALUES ('${randomBytes(6).toString('hex')}', '0', 0);
`;
