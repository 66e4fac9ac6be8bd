-- Which messages of WARNING and above does a cluster hold, one row each, for the values inside them?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; sig_id, ts_ns (ns since 1970, UTC), revision (NULL where unknown), message
SELECT
  t.template_id AS template_id,
  COALESCE(r.project, '') AS project,
  COALESCE(r.service, '') AS service,
  r.kind AS kind,
  r.sig_id AS sig_id,
  r.ts_ns AS ts_ns,
  r.revision AS revision,
  r.message AS message
FROM rows AS r
JOIN templates AS t ON r.sig_id = t.sig_id
WHERE r.event_role IN ('head', 'traceback') AND r.effective_severity >= 400 AND r.message <> ''
ORDER BY ts_ns, template_id, message, project, service, kind, sig_id
LIMIT 200000
