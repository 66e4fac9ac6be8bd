-- How did requests fare, by method, path and status?
-- Inputs: rows.
-- Output: service, http_method, http_route (path without query), http_status; requests (rows); mean_ms, max_ms
-- (milliseconds, of requests that state a latency); first_ns, last_ns (nanoseconds).
SELECT
  service,
  http_method,
  http_route,
  http_status,
  CAST(COUNT(*) AS BIGINT) AS requests,
  AVG(CAST(http_latency_ns AS DOUBLE) / 1000000.0) AS mean_ms,
  MAX(CAST(http_latency_ns AS DOUBLE) / 1000000.0) AS max_ms,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns
FROM rows
WHERE http_status IS NOT NULL
GROUP BY service, http_method, http_route, http_status
ORDER BY requests DESC, service ASC NULLS LAST, http_method ASC NULLS LAST, http_route ASC NULLS LAST, http_status ASC
