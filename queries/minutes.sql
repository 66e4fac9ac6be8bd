-- How did each service run, minute by minute?
-- Inputs: rows.
-- Output: minute_ns (its start, nanoseconds), service (empty where unknown); entries, warnings, errors (rows; the latter two by
-- effective severity). Minutes without rows are absent: ask coverage whether they were exported.
WITH placed AS (
  SELECT
    ts_ns - ts_ns % 60000000000 AS minute_ns,
    COALESCE(service, '') AS service,
    effective_severity
  FROM rows
)
SELECT
  minute_ns,
  service,
  CAST(COUNT(*) AS BIGINT) AS entries,
  SUM(CASE WHEN effective_severity = 400 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS warnings,
  SUM(CASE WHEN effective_severity >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS errors
FROM placed
GROUP BY minute_ns, service
ORDER BY minute_ns ASC, service ASC
