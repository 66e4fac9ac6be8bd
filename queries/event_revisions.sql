-- In which revision did each event happen?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; event_id, revision (NULL where no row names one), at_ns (its first row, ns
-- since 1970, UTC)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.event_id AS event_id,
    r.revision AS revision,
    r.ts_ns AS ts_ns
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback') AND r.effective_severity >= 400
)
SELECT
  template_id,
  project,
  service,
  kind,
  event_id,
  MAX(revision) AS revision,
  MIN(ts_ns) AS at_ns
FROM members
GROUP BY template_id, project, service, kind, event_id
ORDER BY template_id, project, service, kind, at_ns, event_id
