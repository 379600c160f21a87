// Tags: the words people put on resources. A row has its own as JSON, to be shown; the table is for finding rows by them.
import type { Dialect } from '../store.ts';

export const name = '0004-tags';

export const up = ({ keyed }: Dialect): string => `
CREATE TABLE tags (
  object_id TEXT NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (object_id, tag)
)${keyed};
CREATE INDEX tags_tag ON tags (tag, object_id);

ALTER TABLE networks ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE subnets ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE ports ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
`;
