-- Which clusters stand in one event?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; event_id, first_ns (its first row of the cluster, ns since 1970, UTC)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.event_id AS event_id,
    MIN(r.ts_ns) AS first_ns
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback') AND r.rows_in_event > 1
  GROUP BY t.template_id, COALESCE(r.project, ''), COALESCE(r.service, ''), r.kind, r.event_id
),
shared AS (
  SELECT event_id FROM members GROUP BY event_id HAVING CAST(COUNT(*) AS BIGINT) > 1
)
SELECT
  m.template_id AS template_id,
  m.project AS project,
  m.service AS service,
  m.kind AS kind,
  m.event_id AS event_id,
  m.first_ns AS first_ns
FROM members AS m
JOIN shared AS s ON m.event_id = s.event_id
ORDER BY template_id, project, service, kind, first_ns, event_id
