-- Which occurrences were written as several rows?
-- Inputs: rows.
-- Output: event_id, service, instance; rows_in_event (rows); joiners, frames (rows of that role); first_ns, last_ns
-- (nanoseconds); exceptions (distinct types).
SELECT
  event_id,
  service,
  instance,
  CAST(COUNT(*) AS BIGINT) AS rows_in_event,
  SUM(CASE WHEN event_role = 'joiner' THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS joiners,
  SUM(CASE WHEN event_role = 'frame' THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS frames,
  CAST(COUNT(DISTINCT exception) AS BIGINT) AS exceptions,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns
FROM rows
WHERE rows_in_event > 1
GROUP BY event_id, service, instance
ORDER BY first_ns ASC, event_id ASC
