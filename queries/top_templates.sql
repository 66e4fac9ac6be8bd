-- Which templates fill the logs?
-- Reads the summary only, so it is fast over months.
-- Inputs: summary, templates.
-- Output: template_id, template; entries (rows, joiners and frames left out); services (distinct); hours (distinct hours
-- with rows); first_hour_ns, last_hour_ns (start of the first and last such hour, nanoseconds).
WITH counted AS (
  SELECT
    template_id,
    SUM(s.rows) AS entries,
    CAST(COUNT(DISTINCT service) AS BIGINT) AS services,
    CAST(COUNT(DISTINCT hour_ns) AS BIGINT) AS hours,
    MIN(hour_ns) AS first_hour_ns,
    MAX(hour_ns) AS last_hour_ns
  FROM summary AS s
  GROUP BY template_id
),
named AS (
  SELECT
    template_id,
    MIN(template) AS template
  FROM templates
  GROUP BY template_id
)
SELECT
  counted.template_id AS template_id,
  named.template AS template,
  counted.entries AS entries,
  counted.services AS services,
  counted.hours AS hours,
  counted.first_hour_ns AS first_hour_ns,
  counted.last_hour_ns AS last_hour_ns
FROM counted
LEFT JOIN named ON counted.template_id = named.template_id
ORDER BY entries DESC, template_id ASC
LIMIT 100
