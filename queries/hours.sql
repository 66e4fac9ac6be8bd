-- How did volume and errors run, hour by hour?
-- Inputs: rows.
-- Output: day (UTC), hour (0 to 23), hour_ns (its start, nanoseconds), service; entries, warnings, errors (rows by
-- effective severity). Hours without rows are absent: ask coverage whether they were exported.
SELECT
  day,
  hour,
  hour_ns,
  service,
  CAST(COUNT(*) AS BIGINT) AS entries,
  SUM(CASE WHEN effective_severity = 400 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS warnings,
  SUM(CASE WHEN effective_severity >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS errors
FROM rows
GROUP BY day, hour, hour_ns, service
ORDER BY hour_ns ASC, service ASC NULLS LAST
