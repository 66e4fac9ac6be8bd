-- What do the entries say, and how often?
-- One row per template, project, service and kind: the cluster of the reports. Joiners and frames are not counted.
-- Inputs: rows, templates.
-- Output: template_id, template, project, service, kind; entries (rows); events (occurrences); worst (severity number, the
-- highest effective one); errors (rows of effective severity ERROR or above); instances, traces (distinct); first_ns,
-- last_ns (nanoseconds).
SELECT
  t.template_id AS template_id,
  MIN(t.template) AS template,
  r.project AS project,
  r.service AS service,
  r.kind AS kind,
  CAST(COUNT(*) AS BIGINT) AS entries,
  CAST(COUNT(DISTINCT r.event_id) AS BIGINT) AS events,
  MAX(r.effective_severity) AS worst,
  SUM(CASE WHEN r.effective_severity >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS errors,
  CAST(COUNT(DISTINCT r.instance) AS BIGINT) AS instances,
  CAST(COUNT(DISTINCT r.trace) AS BIGINT) AS traces,
  MIN(r.ts_ns) AS first_ns,
  MAX(r.ts_ns) AS last_ns
FROM rows AS r
LEFT JOIN templates AS t ON r.sig_id = t.sig_id
WHERE r.event_role IN ('head', 'traceback')
GROUP BY t.template_id, r.project, r.service, r.kind
ORDER BY worst DESC, entries DESC, template_id ASC NULLS LAST, project ASC NULLS LAST, service ASC NULLS LAST, kind ASC
