-- Which stored entries stand for a cluster in the evidence of an action? The five oldest.
-- Inputs: rows, templates.
-- Output: template_id, project, service, kind; insert_id
WITH members AS (
  SELECT
    t.template_id AS template_id,
    COALESCE(r.project, '') AS project,
    COALESCE(r.service, '') AS service,
    r.kind AS kind,
    r.ts_ns AS ts_ns,
    r.insert_id AS insert_id,
    r.file AS file,
    r.offset AS byte_offset
  FROM rows AS r
  JOIN templates AS t ON r.sig_id = t.sig_id
  WHERE r.event_role IN ('head', 'traceback') AND r.insert_id IS NOT NULL
),
ranked AS (
  SELECT
    *,
    CAST(ROW_NUMBER() OVER (
      PARTITION BY template_id, project, service, kind
      ORDER BY ts_ns, insert_id, file, byte_offset
    ) AS BIGINT) AS place
  FROM members
)
SELECT template_id, project, service, kind, insert_id
FROM ranked
WHERE place <= 5
ORDER BY template_id, project, service, kind, place
