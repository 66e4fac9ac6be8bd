-- Which rows can end a start, and which errors came before?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind, instance (empty where unknown), ts_ns, event_id, event_role, exception,
-- effective_severity, message (rows of ERROR and above, and rows that the caller's exit patterns may match)
SELECT
  t.template_id AS template_id,
  COALESCE(r.project, '') AS project,
  COALESCE(r.service, '') AS service,
  r.kind AS kind,
  COALESCE(r.instance, '') AS instance,
  r.ts_ns AS ts_ns,
  r.event_id AS event_id,
  r.event_role AS event_role,
  COALESCE(r.exception, '') AS exception,
  r.effective_severity AS effective_severity,
  r.message AS message
FROM rows AS r
JOIN templates AS t ON r.sig_id = t.sig_id
WHERE r.event_role IN ('head', 'traceback') AND (r.effective_severity >= 400 OR r.kind = 'system')
ORDER BY ts_ns, event_id, template_id
