-- Which traces and instances do the louder clusters share?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; trace, instance (empty where unknown), first_ns (ns since 1970, UTC): the
-- moment of the first row; of a request when it was answered, as platforms give it the time at which it came
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    COALESCE(r.trace, '') AS trace,
    COALESCE(r.instance, '') AS instance,
    r.effective_severity AS effective_severity,
    CASE
      WHEN r.kind = 'request' AND r.http_latency_ns BETWEEN 0 AND 86400000000000 THEN r.ts_ns + r.http_latency_ns
      ELSE r.ts_ns
    END AS ts_ns
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
