-- How many entries has a cluster on each UTC day?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; day (YYYY-MM-DD), entries (rows)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.day AS day
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  day,
  CAST(COUNT(*) AS BIGINT) AS entries
FROM members
GROUP BY template_id, project, service, kind, day
ORDER BY template_id, project, service, kind, day
