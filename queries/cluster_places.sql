-- Where in the program were a cluster's entries written?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; module, function (empty where unknown), line (-1 where unknown), entries (rows)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    COALESCE(r.module, '') AS module,
    COALESCE(r.function, '') AS function,
    COALESCE(r.line, -1) AS line
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  module,
  function,
  line,
  CAST(COUNT(*) AS BIGINT) AS entries
FROM members
GROUP BY template_id, project, service, kind, module, function, line
ORDER BY template_id, project, service, kind, module, function, line
