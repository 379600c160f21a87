-- Rows as a database has them at version 0001-journal.
INSERT INTO journal (at, request_id, actor, project_id, kind, object_id, action, scopes) VALUES
  (1760000000000, 'req-1', 'user-1', 'project-1', 'network', 'network-1', 'create', '["network:network-1"]'),
  (1760000000500, 'req-2', 'user-1', 'project-1', 'port', 'port-1', 'create', '["network:network-1","host:one"]'),
  (1760000001000, 'req-3', 'user-2', '', 'port', 'port-1', 'status', '[]');
UPDATE journal_horizon SET position = 0;
