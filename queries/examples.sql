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
    -r.effective_severity AS quietness,
    r.file AS file,
    r.offset AS byte_offset
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
),
-- Texts are long: they are fetched for the chosen rows only.
chosen AS (
  SELECT template_id, project, service, kind, ts_ns, insert_id, file, byte_offset
  FROM ranked
  WHERE place = 1
)
SELECT
  c.template_id AS template_id,
  c.project AS project,
  c.service AS service,
  c.kind AS kind,
  c.ts_ns AS ts_ns,
  c.insert_id AS insert_id,
  r.severity AS severity,
  r.message AS message,
  r.raw AS raw,
  c.file AS file,
  c.byte_offset AS byte_offset,
  r.revision AS revision,
  r.instance AS instance,
  r.trace AS trace,
  r.location AS location
FROM chosen AS c
JOIN rows AS r ON c.ts_ns = r.ts_ns AND c.file = r.file AND c.byte_offset = r.offset AND c.insert_id = COALESCE(r.insert_id, '')
ORDER BY template_id, project, service, kind
