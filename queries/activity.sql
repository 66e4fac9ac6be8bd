-- How much did each service do?
-- Inputs: rows.
-- Output: service (empty where unknown); entries (rows), requests (rows with a response status), failed (of
-- them, answered 5xx), traces (distinct); first_ns, last_ns (nanoseconds).
SELECT
  COALESCE(service, '') AS service,
  CAST(COUNT(*) AS BIGINT) AS entries,
  SUM(CASE WHEN http_status IS NOT NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS requests,
  SUM(CASE WHEN http_status >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS failed,
  CAST(COUNT(DISTINCT trace) AS BIGINT) AS traces,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns
FROM rows
GROUP BY COALESCE(service, '')
ORDER BY service ASC
