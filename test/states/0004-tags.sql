-- What came with version 0004-tags, beside the rows of the versions before: a tag.
UPDATE networks SET tags = '["blue"]' WHERE id = 'network-1';
INSERT INTO tags (object_id, tag) VALUES ('network-1', 'blue');
