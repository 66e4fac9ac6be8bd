-- Which stacks (in-app frames) does a cluster have?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; stack_id, entries (rows)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.stack_id AS stack_id
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  stack_id,
  CAST(COUNT(*) AS BIGINT) AS entries
FROM members
WHERE stack_id IS NOT NULL
GROUP BY template_id, project, service, kind, stack_id
ORDER BY template_id, project, service, kind, stack_id
