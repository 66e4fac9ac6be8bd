"""What the peers share: which files, which columns, and what is said at the end.

The work: entries of Cloud Logging in, distinct entries by (insertId, timestamp) out, as one zstd Parquet file of twelve
columns, with `--raw` a thirteenth that holds the entry itself. No templates, no redaction, no ledger: less than an ingest does.

    ts, insert_id, severity, service, revision, message, logger, function, line, trace, status, latency (seconds)
"""

import argparse
import os
import pathlib


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("input", type=pathlib.Path, help="a file, or a folder of files")
    parser.add_argument("out", type=pathlib.Path, help="the Parquet file to write")
    parser.add_argument("--raw", action="store_true", help="keep the entry itself")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    if args.input.is_dir():
        args.files = sorted(str(path) for path in args.input.rglob("*") if path.is_file() and not path.name.endswith(".meta.json"))
    else:
        args.files = [str(args.input)]
    with open(args.files[0], "rb") as first:
        args.array = first.read(1) == b"["
    args.out.unlink(missing_ok=True)
    return args
