-- Which exceptions were raised, where, how often?
-- Inputs: rows.
-- Output: service, exception (type of the last one in the row or its event); entries (rows); events (occurrences); stacks (distinct
-- in-app stacks); instances (distinct); first_ns, last_ns (nanoseconds).
SELECT
  service,
  exception,
  CAST(COUNT(*) AS BIGINT) AS entries,
  CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events,
  CAST(COUNT(DISTINCT stack_id) AS BIGINT) AS stacks,
  CAST(COUNT(DISTINCT instance) AS BIGINT) AS instances,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns
FROM rows
WHERE exception IS NOT NULL
GROUP BY service, exception
ORDER BY entries DESC, service ASC NULLS LAST, exception ASC
