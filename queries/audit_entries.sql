-- Who changed what, and when?
-- Entries of the audit log; those that only report how a deploy ended are left out, for `deploys` has them.
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; ts_ns (ns since 1970, UTC), message, user_id (who), event_id. The 10,000 first.
SELECT
  t.template_id AS template_id,
  COALESCE(r.project, '') AS project,
  COALESCE(r.service, '') AS service,
  r.kind AS kind,
  r.ts_ns AS ts_ns,
  r.message AS message,
  r.user_id AS user_id,
  r.event_id AS event_id
FROM rows AS r
JOIN templates AS t ON r.sig_id = t.sig_id
WHERE r.kind = 'audit' AND r.deploy_revision IS NULL
ORDER BY ts_ns ASC, event_id ASC, template_id ASC, message ASC
LIMIT 10000
