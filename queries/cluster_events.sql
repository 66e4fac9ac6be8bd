-- When did each event of a cluster happen?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; event_id, at_ns (its first row, ns since 1970, UTC)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.event_id AS event_id,
    r.ts_ns AS ts_ns
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  event_id,
  MIN(ts_ns) AS at_ns
FROM members
GROUP BY template_id, project, service, kind, event_id
ORDER BY template_id, project, service, kind, at_ns, event_id
