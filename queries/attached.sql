-- How many joiner and frame rows belong to the events of a cluster?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind of the event's head; attached (rows), first_ns, last_ns (ns since 1970, UTC). Rows of an event without a head have
-- an empty template_id and are the service's own.
WITH heads AS (
  SELECT
    r.event_id AS event_id,
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role = 'head'
),
loose AS (
  SELECT
    event_id,
    COALESCE(project, '') AS own_project,
    COALESCE(service, '') AS own_service,
    kind AS own_kind,
    ts_ns
  FROM rows
  WHERE event_role IN ('joiner', 'frame')
),
joined AS (
  SELECT
    COALESCE(h.template_id, '') AS template_id,
    COALESCE(h.project, l.own_project) AS project,
    COALESCE(h.service, l.own_service) AS service,
    COALESCE(h.kind, l.own_kind) AS kind,
    l.ts_ns AS ts_ns
  FROM loose AS l
  LEFT JOIN heads AS h ON l.event_id = h.event_id
)
SELECT
  template_id,
  project,
  service,
  kind,
  CAST(COUNT(*) AS BIGINT) AS attached,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns
FROM joined
GROUP BY template_id, project, service, kind
ORDER BY template_id, project, service, kind
