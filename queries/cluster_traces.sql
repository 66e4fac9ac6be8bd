-- Which traces and instances do the louder clusters share?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; trace, instance (empty where unknown), first_ns (ns since 1970, UTC)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    COALESCE(r.trace, '') AS trace,
    COALESCE(r.instance, '') AS instance,
    r.effective_severity AS effective_severity,
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
  trace,
  instance,
  MIN(ts_ns) AS first_ns
FROM members
WHERE effective_severity >= 400
GROUP BY template_id, project, service, kind, trace, instance
ORDER BY template_id, project, service, kind, trace, instance
