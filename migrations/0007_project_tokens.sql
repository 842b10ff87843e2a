-- A token that is good for one project lives in that project, and goes with it.

INSERT INTO resources (path, kind, parent, name, labels, spec, revision, create_time, update_time)
SELECT
  'projects/' || (spec ->> '$.project') || '/' || path, kind, 'projects/' || (spec ->> '$.project'), name, labels,
  json_remove(spec, '$.project'), revision, create_time, update_time
FROM resources WHERE kind = 'token' AND spec ->> '$.project' IS NOT NULL;

UPDATE credentials
SET path = (SELECT 'projects/' || (spec ->> '$.project') || '/' || path FROM resources WHERE path = credentials.path)
WHERE path IN (SELECT path FROM resources WHERE kind = 'token' AND spec ->> '$.project' IS NOT NULL);

DELETE FROM resources WHERE kind = 'token' AND spec ->> '$.project' IS NOT NULL;

UPDATE resources SET spec = json_remove(spec, '$.project') WHERE kind = 'token';
