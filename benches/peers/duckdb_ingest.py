#!/usr/bin/env python3
"""DuckDB: entries to one deduplicated Parquet file. See common.py for the work."""

import json

import common
import duckdb

args = common.arguments(__doc__)
db = duckdb.connect()
db.execute(f"SET threads = {args.threads}")
db.execute("SET preserve_insertion_order = false")

SHAPE = {
    "insertId": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "severity": "VARCHAR",
    "trace": "VARCHAR",
    "textPayload": "VARCHAR",
    "jsonPayload": {"message": "VARCHAR", "logger": "VARCHAR", "source": {"function": "VARCHAR", "line": "INTEGER"}},
    "resource": {"labels": {"service_name": "VARCHAR", "revision_name": "VARCHAR"}},
    "httpRequest": {"status": "INTEGER", "latency": "VARCHAR"},
}


def kind(shape):
    if isinstance(shape, str):
        return shape
    return "STRUCT(" + ", ".join(f'"{name}" {kind(inner)}' for name, inner in shape.items()) + ")"


files = "[" + ", ".join("'" + name.replace("'", "''") + "'" for name in args.files) + "]"
layout = "array" if args.array else "newline_delimited"
if args.raw:
    # The text is read once and taken apart afterwards: a reader of columns does not keep it.
    source = (
        f"(SELECT unnest(json_transform(json, '{json.dumps(SHAPE)}')), json AS raw "
        f"FROM read_json_objects({files}, format = '{layout}', maximum_object_size = 16777216))"
    )
else:
    columns = "{" + ", ".join(f"\"{name}\": '{kind(shape)}'" for name, shape in SHAPE.items()) + "}"
    source = f"read_json({files}, format = '{layout}', columns = {columns}, maximum_object_size = 16777216)"
db.execute(f"""
    COPY (
        SELECT DISTINCT ON (insertId, "timestamp")
               "timestamp" AS ts, insertId AS insert_id, severity,
               resource.labels.service_name AS service, resource.labels.revision_name AS revision,
               coalesce(jsonPayload.message, textPayload) AS message, jsonPayload.logger AS logger,
               jsonPayload.source."function" AS "function", jsonPayload.source.line AS line, trace,
               httpRequest.status AS status, try_cast(rtrim(httpRequest.latency, 's') AS DOUBLE) AS latency
               {", raw" if args.raw else ""}
        FROM {source}
    ) TO '{args.out}' (FORMAT parquet, COMPRESSION zstd)
""")
print(db.execute(f"SELECT count(*) FROM read_parquet('{args.out}')").fetchone()[0])
