-- In which revisions does a cluster stand, and since when?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; revision, entries (rows), first_ns, last_ns (ns since 1970, UTC)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.revision AS revision,
    r.ts_ns AS ts_ns
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  revision,
  CAST(COUNT(*) AS BIGINT) AS entries,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns
FROM members
WHERE revision IS NOT NULL
GROUP BY template_id, project, service, kind, revision
ORDER BY template_id, project, service, kind, revision
