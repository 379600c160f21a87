-- Rows as a database has them at version 0009-qos: a network shared with one project.
INSERT INTO rbac_policies (id, project_id, object_type, object_id, action, target_project)
  VALUES ('rbac-2', 'project-1', 'network', 'network-1', 'access_as_shared', 'project-2');
