#!/usr/bin/env python3
"""Polars: entries to one deduplicated Parquet file. See common.py for the work."""

import os

import common

args = common.arguments(__doc__)
os.environ["POLARS_MAX_THREADS"] = str(args.threads)
import polars as pl  # noqa: E402  (reads the number of threads when it is loaded)

SCHEMA = {
    "insertId": pl.String,
    "timestamp": pl.String,
    "severity": pl.String,
    "trace": pl.String,
    "textPayload": pl.String,
    "jsonPayload": pl.Struct(
        {"message": pl.String, "logger": pl.String, "source": pl.Struct({"function": pl.String, "line": pl.Int32})}
    ),
    "resource": pl.Struct({"labels": pl.Struct({"service_name": pl.String, "revision_name": pl.String})}),
    "httpRequest": pl.Struct({"status": pl.Int32, "latency": pl.String}),
}
if args.raw:
    # Lines as one text column; a byte that occurs in no line separates.
    lines = pl.scan_csv(args.files, has_header=False, separator="\x01", quote_char=None, schema={"raw": pl.String})
    entries = lines.with_columns(pl.col("raw").str.json_decode(pl.Struct(SCHEMA)).alias("entry")).unnest("entry")
elif args.array:
    entries = pl.read_json(args.files[0], schema=SCHEMA).lazy()
else:
    entries = pl.scan_ndjson(args.files, schema=SCHEMA)
columns = [
    pl.col("timestamp").str.to_datetime("%+", time_unit="us", time_zone="UTC").alias("ts"),
    pl.col("insertId").alias("insert_id"),
    pl.col("severity"),
    pl.col("resource").struct.field("labels").struct.field("service_name").alias("service"),
    pl.col("resource").struct.field("labels").struct.field("revision_name").alias("revision"),
    pl.coalesce(pl.col("jsonPayload").struct.field("message"), pl.col("textPayload")).alias("message"),
    pl.col("jsonPayload").struct.field("logger").alias("logger"),
    pl.col("jsonPayload").struct.field("source").struct.field("function").alias("function"),
    pl.col("jsonPayload").struct.field("source").struct.field("line").alias("line"),
    pl.col("trace"),
    pl.col("httpRequest").struct.field("status").alias("status"),
    pl.col("httpRequest").struct.field("latency").str.strip_suffix("s").cast(pl.Float64, strict=False).alias("latency"),
]
if args.raw:
    columns.append(pl.col("raw"))
distinct = entries.select(columns).unique(["insert_id", "ts"], keep="any", maintain_order=False)
distinct.sink_parquet(args.out, compression="zstd")
print(pl.scan_parquet(args.out).select(pl.len()).collect().item())
