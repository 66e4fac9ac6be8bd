-- How many entries of each severity did each service write?
-- Inputs: rows.
-- Output: service; severity, effective_severity (Google's numbers), severity_name, effective_severity_name; entries (rows);
-- first_ns, last_ns (nanoseconds).
SELECT
  service,
  severity,
  severity_name,
  effective_severity,
  effective_severity_name,
  CAST(COUNT(*) AS BIGINT) AS entries,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns
FROM rows
GROUP BY service, severity, severity_name, effective_severity, effective_severity_name
ORDER BY service ASC NULLS LAST, severity DESC, effective_severity DESC
