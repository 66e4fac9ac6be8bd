-- Which revisions were deployed, and which failed?
-- Inputs: deploys.
-- Output: at_ns (nanoseconds), service, revision, outcome (ok, failed, unknown), by_whom, message.
SELECT
  at_ns,
  service,
  revision,
  outcome,
  by_whom,
  message
FROM deploys
ORDER BY at_ns ASC, service ASC NULLS LAST, revision ASC
