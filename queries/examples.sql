-- Which stored entry stands for a cluster? The oldest of its loudest.
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; the entry's ts_ns (ns since 1970, UTC), insert_id, severity (Google's
-- number), message, raw, file (content id), byte_offset, revision, instance, trace, location
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.ts_ns AS ts_ns,
    COALESCE(r.insert_id, '') AS insert_id,
    r.severity AS severity,
    -r.effective_severity AS quietness,
    r.message AS message,
    r.raw AS raw,
    r.file AS file,
    r.offset AS byte_offset,
    r.revision AS revision,
    r.instance AS instance,
    r.trace AS trace,
    r.location AS location
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback')
),
ranked AS (
  SELECT
    *,
    CAST(ROW_NUMBER() OVER (
      PARTITION BY template_id, project, service, kind
      ORDER BY quietness, ts_ns, insert_id, file, byte_offset
    ) AS BIGINT) AS place
  FROM members
)
SELECT
  template_id, project, service, kind, ts_ns, insert_id, severity, message, raw, file, byte_offset, revision, instance, trace, location
FROM ranked
WHERE place = 1
ORDER BY template_id, project, service, kind
