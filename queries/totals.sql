-- How many rows has the window, by severity, effective severity and kind?
-- Inputs: rows.
-- Output: project, service, kind, severity, effective_severity (Google's numbers); n (rows), first_ns, last_ns (ns since
-- 1970, UTC), without_payload (rows; not the blank lines of a stack)
SELECT
  COALESCE(project, '') AS project,
  COALESCE(service, '') AS service,
  kind,
  severity,
  effective_severity,
  CAST(COUNT(*) AS BIGINT) AS n,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns,
  CAST(SUM(
    CASE WHEN payload_rank = 0 AND event_role IN ('head', 'traceback') THEN 1 ELSE 0 END
  ) AS BIGINT) AS without_payload
FROM rows
GROUP BY COALESCE(project, ''), COALESCE(service, ''), kind, severity, effective_severity
ORDER BY project, service, kind, severity, effective_severity
