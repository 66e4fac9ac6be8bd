-- What did each revision write, and did its deploy succeed?
-- Inputs: rows, deploys.
-- Output: service, revision; outcome (ok, failed, unknown; null when no entry reports the deploy); deployed_ns
-- (nanoseconds); entries, warnings, errors (rows by effective severity); instances (distinct); first_ns, last_ns
-- (nanoseconds).
WITH written AS (
  SELECT
    service,
    revision,
    CAST(COUNT(*) AS BIGINT) AS entries,
    SUM(CASE WHEN effective_severity = 400 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS warnings,
    SUM(CASE WHEN effective_severity >= 500 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END) AS errors,
    CAST(COUNT(DISTINCT instance) AS BIGINT) AS instances,
    MIN(ts_ns) AS first_ns,
    MAX(ts_ns) AS last_ns
  FROM rows
  WHERE revision IS NOT NULL
  GROUP BY service, revision
),
reported AS (
  SELECT
    revision,
    MIN(outcome) AS outcome,
    MIN(at_ns) AS deployed_ns
  FROM deploys
  GROUP BY revision
)
SELECT
  written.service AS service,
  written.revision AS revision,
  reported.outcome AS outcome,
  reported.deployed_ns AS deployed_ns,
  written.entries AS entries,
  written.warnings AS warnings,
  written.errors AS errors,
  written.instances AS instances,
  written.first_ns AS first_ns,
  written.last_ns AS last_ns
FROM written
LEFT JOIN reported ON written.revision = reported.revision
ORDER BY first_ns ASC, service ASC NULLS LAST, revision ASC
