#!/usr/bin/env python3
"""A store built in an object store: moto's S3 on loopback, dumps and store in it, tasks with folders of their own.

    s3_test.py GARDENER DUMPS WORK

Prints the digests of the bucket's store and of a second run that adds one dump, and copies the store to WORK/garden.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

DRIVER = Path(__file__).with_name("gardener_spark.py")


def main() -> None:
    gardener, dumps, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    s3 = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    s3.create_bucket(Bucket="logs")
    files = sorted(path for path in dumps.rglob("*") if path.is_file())
    # Not the export that is known to be empty: the dump that comes later must change the digest.
    late = next(path for path in reversed(files) if path.suffix == ".ndjson")

    def upload(path: Path) -> None:
        s3.upload_file(str(path), "logs", f"exports/{path.relative_to(dumps).as_posix()}")

    def build() -> dict:
        place = f"endpoint_override={host}:{port}&scheme=http&region=us-east-1"
        call = [sys.executable, str(DRIVER), "--bin", gardener, "--task-bytes", "64KiB"]
        call += ["--store", f"s3://logs/garden?{place}", f"s3://logs/exports?{place}"]
        environment = dict(os.environ, PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
        environment["PYSPARK_SUBMIT_ARGS"] = "--master local[2] --conf spark.ui.enabled=false pyspark-shell"
        ran = subprocess.run(call, capture_output=True, text=True, env=environment)
        if ran.returncode:
            sys.exit(ran.stderr)
        return json.loads(ran.stdout)

    for path in files:
        if path != late:
            upload(path)
    first = build()
    upload(late)
    second = build()
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket="logs", Prefix="garden/")
    keys = [item["Key"] for page in listed for item in page.get("Contents", [])]
    names = [key for key in keys if not key.endswith("/")]  # without the marks of folders
    for name in names:
        target = work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file("logs", name, str(target))
    server.stop()
    left = [name for name in names if name.startswith("garden/raw/")]
    print(json.dumps({"first": first, "second": second, "left": left}))


if __name__ == "__main__":
    main()
