-- Which signatures does a cluster hold, and how often?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; sig_id, entries (rows)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.sig_id AS sig_id
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  sig_id,
  CAST(COUNT(*) AS BIGINT) AS entries
FROM members
GROUP BY template_id, project, service, kind, sig_id
ORDER BY template_id, project, service, kind, sig_id
