-- Which clusters does the window hold, how large are they, and when were they seen first and last?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; entries (rows), events (distinct), first_ns, last_ns (ns since 1970, UTC),
-- instances, traces, users (distinct), without_payload (rows)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.ts_ns AS ts_ns,
    r.event_id AS event_id,
    r.instance AS instance,
    r.trace AS trace,
    r.user_id AS user_id,
    CASE WHEN r.payload_rank = 0 THEN 1 ELSE 0 END AS is_empty
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  CAST(COUNT(*) AS BIGINT) AS entries,
  CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns,
  CAST(COUNT(DISTINCT instance) AS BIGINT) AS instances,
  CAST(COUNT(DISTINCT trace) AS BIGINT) AS traces,
  CAST(COUNT(DISTINCT user_id) AS BIGINT) AS users,
  CAST(SUM(is_empty) AS BIGINT) AS without_payload
FROM members
GROUP BY template_id, project, service, kind
ORDER BY template_id, project, service, kind
