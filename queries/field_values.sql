-- Which values do fields have, in how many events, and in how many of WARNING and above?
-- Inputs: rows.
-- Output: field (service, revision, instance, host, location, severity, user); value; events (distinct), loud_events
-- (distinct, with a row of effective severity WARNING or above). The 200,000 most frequent; of users only those whose name
-- holds an @.
WITH seen AS (
  SELECT
    service,
    revision,
    instance,
    http_host,
    location,
    effective_severity_name,
    user_id,
    event_id,
    CASE WHEN effective_severity >= 400 THEN event_id ELSE NULL END AS loud_id
  FROM rows
),
services AS (
  SELECT 'service' AS field, service AS value, CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events, CAST(COUNT(DISTINCT loud_id) AS BIGINT) AS loud_events
  FROM seen
  WHERE service IS NOT NULL
  GROUP BY service
),
revisions AS (
  SELECT 'revision' AS field, revision AS value, CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events, CAST(COUNT(DISTINCT loud_id) AS BIGINT) AS loud_events
  FROM seen
  WHERE revision IS NOT NULL
  GROUP BY revision
),
instances AS (
  SELECT 'instance' AS field, instance AS value, CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events, CAST(COUNT(DISTINCT loud_id) AS BIGINT) AS loud_events
  FROM seen
  WHERE instance IS NOT NULL
  GROUP BY instance
),
hosts AS (
  SELECT 'host' AS field, http_host AS value, CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events, CAST(COUNT(DISTINCT loud_id) AS BIGINT) AS loud_events
  FROM seen
  WHERE http_host IS NOT NULL
  GROUP BY http_host
),
locations AS (
  SELECT 'location' AS field, location AS value, CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events, CAST(COUNT(DISTINCT loud_id) AS BIGINT) AS loud_events
  FROM seen
  WHERE location IS NOT NULL
  GROUP BY location
),
severities AS (
  SELECT 'severity' AS field, effective_severity_name AS value, CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events, CAST(COUNT(DISTINCT loud_id) AS BIGINT) AS loud_events
  FROM seen
  GROUP BY effective_severity_name
),
users AS (
  SELECT 'user' AS field, user_id AS value, CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events, CAST(COUNT(DISTINCT loud_id) AS BIGINT) AS loud_events
  FROM seen
  WHERE user_id LIKE '%@%'
  GROUP BY user_id
),
counted AS (
  SELECT field, value, events, loud_events FROM services
  UNION ALL
  SELECT field, value, events, loud_events FROM revisions
  UNION ALL
  SELECT field, value, events, loud_events FROM instances
  UNION ALL
  SELECT field, value, events, loud_events FROM hosts
  UNION ALL
  SELECT field, value, events, loud_events FROM locations
  UNION ALL
  SELECT field, value, events, loud_events FROM severities
  UNION ALL
  SELECT field, value, events, loud_events FROM users
)
SELECT
  field,
  value,
  events,
  loud_events
FROM counted
ORDER BY events DESC, field ASC, value ASC
LIMIT 200000
