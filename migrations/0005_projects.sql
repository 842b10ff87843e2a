-- How many clusters, virtual services and real servers each project has, kept with every change, so that quotas cost the same
-- whatever number there is.

CREATE TABLE project_usage (
  project TEXT NOT NULL,
  kind    TEXT NOT NULL,
  count   INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (project, kind)
) STRICT, WITHOUT ROWID;

-- The name of the project is what stands between "projects/" and the next "/".
INSERT INTO project_usage (project, kind, count)
SELECT substr(path, 10, instr(substr(path, 10), '/') - 1), kind, count(*)
FROM resources WHERE kind IN ('cluster', 'virtualService', 'realServer') GROUP BY 1, 2;

CREATE TRIGGER resources_are_counted AFTER INSERT ON resources
WHEN NEW.kind IN ('cluster', 'virtualService', 'realServer')
BEGIN
  INSERT INTO project_usage (project, kind, count)
  VALUES (substr(NEW.path, 10, instr(substr(NEW.path, 10), '/') - 1), NEW.kind, 1)
  ON CONFLICT (project, kind) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER resources_are_counted_off AFTER DELETE ON resources
WHEN OLD.kind IN ('cluster', 'virtualService', 'realServer')
BEGIN
  UPDATE project_usage SET count = count - 1
  WHERE project = substr(OLD.path, 10, instr(substr(OLD.path, 10), '/') - 1) AND kind = OLD.kind;
END;

CREATE TRIGGER projects_are_counted_off AFTER DELETE ON resources WHEN OLD.kind = 'project'
BEGIN
  DELETE FROM project_usage WHERE project = OLD.name;
END;
