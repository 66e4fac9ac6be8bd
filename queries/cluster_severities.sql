-- Which severities do a cluster's entries have, in the envelope and in effect?
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; severity, effective_severity (Google's numbers), effective_reason, entries (rows)
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.severity AS severity,
    r.effective_severity AS effective_severity,
    COALESCE(r.effective_reason, '') AS effective_reason
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
)
SELECT
  template_id,
  project,
  service,
  kind,
  severity,
  effective_severity,
  effective_reason,
  CAST(COUNT(*) AS BIGINT) AS entries
FROM members
GROUP BY template_id, project, service, kind, severity, effective_severity, effective_reason
ORDER BY template_id, project, service, kind, severity, effective_severity, effective_reason
