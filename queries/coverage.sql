-- What do the inputs cover, per service and severity?
-- Inputs: coverage.
-- Output: service; severity (number), severity_name; files (distinct); entries (before deduplication); first_ns, last_ns
-- (nanoseconds); capped (files whose row count looks like a limit of the export).
SELECT
  service,
  severity,
  severity_name,
  CAST(COUNT(DISTINCT content_id) AS BIGINT) AS files,
  SUM(entries) AS entries,
  MIN(first_ns) AS first_ns,
  MAX(last_ns) AS last_ns,
  SUM(CASE WHEN cap_rows IS NOT NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS capped
FROM coverage
GROUP BY service, severity, severity_name
ORDER BY service ASC NULLS LAST, severity DESC
