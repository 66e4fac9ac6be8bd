-- How long did each request take?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; status, latency_ns (NULL where unknown), hour_ns (its hour in
-- UTC, nanoseconds); one row a request
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.http_status AS status,
    r.http_latency_ns AS latency_ns,
    r.hour_ns AS hour_ns
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  status,
  latency_ns,
  hour_ns
FROM members
WHERE status IS NOT NULL
ORDER BY template_id, project, service, kind, latency_ns NULLS FIRST, status, hour_ns
