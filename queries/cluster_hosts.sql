-- Which hosts do a cluster's requests name?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; host, entries (rows)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.http_host AS host
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  host,
  CAST(COUNT(*) AS BIGINT) AS entries
FROM members
WHERE host IS NOT NULL
GROUP BY template_id, project, service, kind, host
ORDER BY template_id, project, service, kind, host
