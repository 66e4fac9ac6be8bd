-- When did containers end, and how long after the exit before?
-- Platform rows only: "Container called exit(n)", ended by a signal, killed for memory.
-- Inputs: rows.
-- Output: ts_ns (nanoseconds), service, revision, instance, message; gap_s (seconds since the service's exit before, null
-- for the first).
WITH ended AS (
  SELECT
    ts_ns,
    insert_id,
    service,
    revision,
    instance,
    message
  FROM rows
  WHERE message LIKE 'Container called exit%'
    OR message LIKE '%terminated on signal%'
    OR message LIKE 'Memory limit of % exceeded%'
),
placed AS (
  SELECT
    ts_ns,
    insert_id,
    service,
    revision,
    instance,
    message,
    LAG(ts_ns, 1) OVER (PARTITION BY service ORDER BY ts_ns, insert_id) AS before_ns
  FROM ended
)
SELECT
  ts_ns,
  service,
  revision,
  instance,
  message,
  CAST(ts_ns - before_ns AS DOUBLE) / 1000000000.0 AS gap_s
FROM placed
ORDER BY ts_ns ASC, service ASC NULLS LAST, insert_id ASC NULLS LAST
