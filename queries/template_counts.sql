-- Which templates were mined, how often does each stand, and since when?
-- Inputs: rows, templates.
-- Output: template_id, entries (rows), services (distinct), severity (highest effective one, Google's numbers),
-- first_ns, last_ns (ns since 1970, UTC), form, template, example. Every row of the window is counted once.
WITH counted AS (
  SELECT
    t.template_id AS template_id,
    t.form AS form,
    t.template AS template,
    r.service AS service,
    r.effective_severity AS effective_severity,
    r.ts_ns AS ts_ns,
    r.message AS message
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
)
SELECT
  template_id,
  CAST(COUNT(*) AS BIGINT) AS entries,
  CAST(COUNT(DISTINCT service) AS BIGINT) AS services,
  MAX(effective_severity) AS severity,
  MIN(ts_ns) AS first_ns,
  MAX(ts_ns) AS last_ns,
  MIN(form) AS form,
  MIN(template) AS template,
  MIN(message) AS example
FROM counted
GROUP BY template_id
ORDER BY entries DESC, template_id
