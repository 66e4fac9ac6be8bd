-- How long after it was written did the collector receive an entry, at worst?
-- Inputs: rows.
-- Output: service (empty where unknown); entries (rows), received (rows that name the moment of receipt); greatest_lag_ns
-- (nanoseconds; null where none does)
SELECT
  COALESCE(service, '') AS service,
  CAST(COUNT(*) AS BIGINT) AS entries,
  CAST(COUNT(receive_ns) AS BIGINT) AS received,
  MAX(receive_ns - ts_ns) AS greatest_lag_ns
FROM rows
GROUP BY COALESCE(service, '')
ORDER BY service ASC
