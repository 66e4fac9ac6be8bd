-- Which instances lived when, and which of them erred?
-- Inputs: rows.
-- Output: service, revision, instance; entries, errors (rows, effective severity ERROR or above); first_ns, last_ns
-- (nanoseconds); lived_s (seconds from the first row to the last).
WITH seen AS (
  SELECT
    service,
    revision,
    instance,
    CAST(COUNT(*) AS BIGINT) AS entries,
    SUM(CASE WHEN effective_severity >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS errors,
    MIN(ts_ns) AS first_ns,
    MAX(ts_ns) AS last_ns
  FROM rows
  WHERE instance IS NOT NULL
  GROUP BY service, revision, instance
)
SELECT
  service,
  revision,
  instance,
  entries,
  errors,
  first_ns,
  last_ns,
  CAST(last_ns - first_ns AS DOUBLE) / 1000000000.0 AS lived_s
FROM seen
ORDER BY errors DESC, first_ns ASC, instance ASC, revision ASC NULLS LAST, service ASC NULLS LAST
