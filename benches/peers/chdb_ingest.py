#!/usr/bin/env python3
"""ClickHouse as a library (chdb): entries to one deduplicated Parquet file. See common.py for the work."""

import pathlib

import chdb
import common

args = common.arguments(__doc__)

STRUCTURE = ", ".join((
    "insertId String",
    "timestamp DateTime64(6)",
    "severity Nullable(String)",
    "trace Nullable(String)",
    "textPayload Nullable(String)",
    "jsonPayload Tuple(message Nullable(String), logger Nullable(String), "
    "source Tuple(function Nullable(String), line Nullable(Int32)))",
    "resource Tuple(labels Tuple(service_name String, revision_name String))",
    "httpRequest Tuple(status Nullable(Int32), latency Nullable(String))",
))


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# A folder is named as a glob: its files are all of one kind.
suffix = "".join(pathlib.Path(args.files[0]).suffixes)
name = str(args.input / "**" / f"*{suffix}") if args.input.is_dir() else args.files[0]
COLUMNS = """
    ts, insert_id,
    any(severity_) AS severity, any(service_) AS service, any(revision_) AS revision, any(message_) AS message,
    any(logger_) AS logger, any(function_) AS function, any(line_) AS line, any(trace_) AS trace, any(status_) AS status,
    any(toFloat64OrNull(trimRight(latency_, 's'))) AS latency
"""
if args.raw:
    fields = """
        parseDateTime64BestEffort(JSONExtractString(raw_, 'timestamp'), 6) AS ts,
        JSONExtractString(raw_, 'insertId') AS insert_id,
        JSONExtract(raw_, 'severity', 'Nullable(String)') AS severity_,
        JSONExtractString(raw_, 'resource', 'labels', 'service_name') AS service_,
        JSONExtractString(raw_, 'resource', 'labels', 'revision_name') AS revision_,
        JSONExtract(raw_, 'trace', 'Nullable(String)') AS trace_,
        JSONExtract(raw_, 'jsonPayload', 'logger', 'Nullable(String)') AS logger_,
        coalesce(JSONExtract(raw_, 'jsonPayload', 'message', 'Nullable(String)'),
                 JSONExtract(raw_, 'textPayload', 'Nullable(String)')) AS message_,
        JSONExtract(raw_, 'httpRequest', 'status', 'Nullable(Int32)') AS status_,
        JSONExtract(raw_, 'httpRequest', 'latency', 'Nullable(String)') AS latency_,
        JSONExtract(raw_, 'jsonPayload', 'source', 'function', 'Nullable(String)') AS function_,
        JSONExtract(raw_, 'jsonPayload', 'source', 'line', 'Nullable(Int32)') AS line_,
        raw_
    """
    source = f"file({quoted(name)}, 'JSONAsString', 'raw_ String')"
    kept = ", any(raw_) AS raw"
else:
    fields = """
        timestamp AS ts, insertId AS insert_id, severity AS severity_,
        resource.labels.service_name AS service_, resource.labels.revision_name AS revision_,
        trace AS trace_, jsonPayload.logger AS logger_, jsonPayload.source.function AS function_,
        jsonPayload.source.line AS line_,
        coalesce(jsonPayload.message, textPayload) AS message_,
        httpRequest.status AS status_, httpRequest.latency AS latency_
    """
    source = f"file({quoted(name)}, 'JSONEachRow', {quoted(STRUCTURE)})"
    kept = ""
settings = ", ".join((
    f"max_threads = {args.threads}",
    "date_time_input_format = 'best_effort'",
    "input_format_skip_unknown_fields = 1",
    "input_format_json_ignore_unknown_keys_in_named_tuple = 1",
    "output_format_parquet_compression_method = 'zstd'",
    "engine_file_truncate_on_insert = 1",
))
chdb.query(f"""
    INSERT INTO FUNCTION file({quoted(str(args.out))}, 'Parquet')
    SELECT {COLUMNS}{kept} FROM (SELECT {fields} FROM {source}) GROUP BY insert_id, ts SETTINGS {settings}
""")
print(str(chdb.query(f"SELECT count() FROM file({quoted(str(args.out))}, 'Parquet')")).strip())
