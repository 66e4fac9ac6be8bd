#!/usr/bin/env python3
"""Every query of a folder on the Polars crate, on DuckDB and on Spark, over the same tables; says where answers differ.

    sql_test.py GARDENER STORE QUERIES WORK

Equal means: the same columns, and the same rows in the order that the query asks for; fractions to nine digits, since each
engine divides and prints in its own way.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
from pyspark.sql import SparkSession


class Fraction(float):
    """Equal to what is near."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (int, float)) and math.isclose(self, other, rel_tol=1e-9)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = float.__hash__


def plain(value: object) -> object:
    """A value as all engines can say it."""
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return Fraction(value)
    return str(value)


def rows(table: list[dict]) -> list[dict]:
    return [{key: plain(value) for key, value in row.items()} for row in table]


def main() -> None:
    gardener, store, queries, work = sys.argv[1:5]
    tables = Path(work, "tables")

    def polars(path: Path) -> list[dict]:
        call = [gardener, "query", str(path), "--format", "json", "--store", store]
        return rows(json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout))

    subprocess.run([gardener, "query", "--export", str(tables), "--store", store], capture_output=True, check=True)
    files = sorted(Path(queries).glob("*.sql"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        expected = dict(zip(files, pool.map(polars, files)))

    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    for table in sorted(tables.glob("*.parquet")):
        duck.execute(f"CREATE VIEW {table.stem} AS SELECT * FROM read_parquet('{table}')")
        spark.read.parquet(str(table)).createOrReplaceTempView(table.stem)

    wrong, counted = [], {}
    for path in files:
        text = path.read_text()
        # The one word in which DuckDB differs (docs/queries.md).
        cursor = duck.execute(text.replace("LEFT ANTI JOIN", "ANTI JOIN"))
        names = [column[0] for column in cursor.description]
        answers = {
            "DuckDB": rows([dict(zip(names, row)) for row in cursor.fetchall()]),
            "Spark": rows([row.asDict() for row in spark.sql(text).collect()]),
        }
        counted[path.stem] = len(expected[path])
        for engine, answer in answers.items():
            if answer != expected[path]:
                pairs = zip(expected[path], answer)
                at = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(answer), len(expected[path])))
                wrong.append(
                    f"{path.stem} on {engine}: {len(answer)} rows, Polars {len(expected[path])}; row {at}:"
                    f" {answer[at : at + 1]} is not {expected[path][at : at + 1]}"
                )
    spark.stop()
    for line in wrong:
        print(line, file=sys.stderr)
    print(json.dumps({"queries": len(files), "rows": counted}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
