-- Which requests or jobs went wrong in more than one place?
-- Inputs: rows.
-- Output: trace; entries, errors (rows, effective severity ERROR or above); services (distinct); first_ns, last_ns
-- (nanoseconds); spread_ms (milliseconds from the first row to the last).
WITH traced AS (
  SELECT
    trace,
    CAST(COUNT(*) AS BIGINT) AS entries,
    SUM(CASE WHEN effective_severity >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS errors,
    CAST(COUNT(DISTINCT service) AS BIGINT) AS services,
    MIN(ts_ns) AS first_ns,
    MAX(ts_ns) AS last_ns
  FROM rows
  WHERE trace IS NOT NULL
  GROUP BY trace
)
SELECT
  trace,
  entries,
  errors,
  services,
  first_ns,
  last_ns,
  CAST(last_ns - first_ns AS DOUBLE) / 1000000.0 AS spread_ms
FROM traced
WHERE errors > 0
ORDER BY errors DESC, entries DESC, trace ASC
LIMIT 100
