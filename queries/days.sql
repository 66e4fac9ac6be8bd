-- How do days compare, per service?
-- Inputs: rows.
-- Output: day (UTC), service; entries, errors (rows, effective severity ERROR or above); requests, server_errors (rows with
-- a status, with one of 500 or above); change (entries less those of the service's day before that has any).
WITH daily AS (
  SELECT
    day,
    service,
    CAST(COUNT(*) AS BIGINT) AS entries,
    SUM(CASE WHEN effective_severity >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS errors,
    SUM(CASE WHEN http_status IS NOT NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS requests,
    SUM(CASE WHEN http_status >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS server_errors
  FROM rows
  GROUP BY day, service
)
SELECT
  day,
  service,
  entries,
  errors,
  requests,
  server_errors,
  entries - LAG(entries, 1) OVER (PARTITION BY service ORDER BY day) AS change
FROM daily
ORDER BY day ASC, service ASC NULLS LAST
