#!/usr/bin/env python3
"""Builds a gardener store from log dumps on Apache Spark: the store that one `gardener ingest` would have built.

Spark moves paths and receipts; every byte of log data is handled by the `gardener` binary, one process a task. A task's
outputs are named by their content and its receipt is written last, as a Parquet file of its own below STORE/spark/: whatever
was finished is not done again, by a retry of Spark's or by a later run of this driver.

    spark-submit --master spark://HOST:7077 gardener_spark.py --bin /opt/gardener --store /mnt/garden /mnt/exports
    spark-submit ... --store s3://bucket/garden s3://bucket/exports
    python3 gardener_spark.py --bin gardener --store garden --sql queries/hours.sql

Inputs and store are local paths that every worker sees, or addresses that pyarrow.fs knows (gs://, s3://). Progress goes to
stderr; stdout gets one JSON line about the run. Exit codes: 0 done, 3 no input could be read, 1 anything else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import posixpath
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

MIB = 1 << 20
FILES_PER_TASK = 2_000  # a command line has a limit
FAN_IN = 64  # parts that one task opens at a time
SKETCHES_PER_MERGE = 1_000
SIDECAR, PARTIAL = ".meta.json", ".part"  # what `gardener ingest FOLDER` does not take for a dump


class Place:
    """A folder, here or in an object store; everything in it is named relative to it, with slashes."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.is_local = "://" not in uri or uri.startswith("file://")
        if self.is_local:
            self.fs, self.root = pafs.LocalFileSystem(), os.path.abspath(uri.removeprefix("file://"))
        else:
            self.fs, root = pafs.FileSystem.from_uri(uri)
            self.root = root.rstrip("/")

    def path(self, name: str) -> str:
        return posixpath.join(self.root, name) if name else self.root

    def info(self, name: str) -> pafs.FileInfo:
        return self.fs.get_file_info(self.path(name))

    def exists(self, name: str) -> bool:
        return self.info(name).type == pafs.FileType.File

    def files(self, name: str = "") -> list[pafs.FileInfo]:
        selector = pafs.FileSelector(self.path(name), recursive=True, allow_not_found=True)
        return [info for info in self.fs.get_file_info(selector) if info.type == pafs.FileType.File]

    def read(self, name: str) -> bytes | None:
        if not self.exists(name):
            return None
        with self.fs.open_input_stream(self.path(name)) as stream:
            return stream.read()

    def get(self, name: str, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        with self.fs.open_input_stream(self.path(name)) as source, open(to, "wb") as target:
            while block := source.read(8 * MIB):
                target.write(block)

    def put(self, name: str, data: bytes | Path) -> None:
        """One object, which is there as a whole or not at all; locally by renaming."""
        path = self.path(name)
        beside = f"{path}.{os.getpid()}.partial" if self.is_local else path
        if self.is_local:
            os.makedirs(posixpath.dirname(path), exist_ok=True)
        with self.fs.open_output_stream(beside) as target:
            if isinstance(data, bytes):
                target.write(data)
            else:
                with open(data, "rb") as source:
                    while block := source.read(8 * MIB):
                        target.write(block)
        if self.is_local:
            os.replace(beside, path)


@dataclass(frozen=True)
class Dump:
    """One input file: the folder that brought it, its name in there, and what tells it from a changed one."""

    base: str
    name: str
    size: int
    changed: str
    sidecar: bool

    @property
    def key(self) -> str:
        return digest(self.base, self.name, self.size, self.changed)


@dataclass(frozen=True)
class Task:
    """One call of the binary. `key` says what it is done to; `covers` are the keys of a shard's inputs."""

    step: str
    key: str
    flags: list[str] = field(default_factory=list)
    dumps: list[Dump] = field(default_factory=list)
    files: list[str] = field(default_factory=list)  # of the store, and named on the command line
    day: str = ""
    covers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """What all tasks of a run share."""

    store: str
    binary: str
    config: str
    common: list[str]
    shard: list[str]

    def call(self) -> list[str]:
        """The binary with its configuration, wherever they are on this machine."""
        return [located(self.binary), *(["--config", located(self.config)] if self.config else [])]


def digest(*parts: object) -> str:
    return hashlib.blake2b(json.dumps(parts, default=str).encode(), digest_size=16).hexdigest()


def say(text: str) -> None:
    print(f"gardener_spark: {text}", file=sys.stderr, flush=True)


# --- inside a task


def located(name: str) -> str:
    """A file where it was said to be, or where Spark has put it when it was shipped."""
    if os.path.isfile(name):
        return name
    from pyspark import SparkFiles

    path = SparkFiles.get(os.path.basename(name))
    if not os.access(path, os.X_OK):
        os.chmod(path, 0o755)
    return path


def receipt_name(step: str, key: str) -> str:
    return f"spark/receipts/{step}/{key}.parquet"


def perform(job: Job, task: Task) -> None:
    """Runs a task, unless its receipt is there: what was done is not done again."""
    store = Place(job.store)
    name = receipt_name(task.step, task.key)
    if store.exists(name):
        return
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gardener-") as scratch:
        root = Path(store.root) if store.is_local else Path(scratch, "store")
        root.mkdir(parents=True, exist_ok=True)
        if not store.is_local:
            # With it, the binary takes the folder for a store in the making, whatever is copied into it.
            (root / "receipt").mkdir()
            for file in needed(store, task):
                store.get(file, root / file)
        verb = {"sort": ["compact", "--sort"], "publish": ["merge", "--publish"]}.get(task.step, [task.step])
        command = [*job.call(), *verb, "--store", str(root), *job.common, *task.flags]
        command += [*job.shard, *bring(task.dumps, Path(scratch, "in"))] if task.step == "shard" else task.files
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RuntimeError(f"gardener {' '.join(verb)} ended with {ran.returncode}: {ran.stderr[-2000:]}")
        receipt = json.loads(ran.stdout)
        if not store.is_local:
            for file in receipt["files"]:
                # Names are hashes of content; only the manifest is ever replaced.
                if file == "manifest.json" or not store.exists(file):
                    store.put(file, root / file)
    row = {
        "step": task.step,
        "key": task.key,
        "day": task.day,
        "covers": task.covers,
        "receipt": json.dumps(receipt),
        "seconds": time.monotonic() - started,
        "host": socket.gethostname(),
    }
    types = pa.schema(
        [(key, pa.string()) for key in ("step", "key", "day")]
        + [("covers", pa.list_(pa.string())), ("receipt", pa.string()), ("seconds", pa.float64()), ("host", pa.string())]
    )
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([row], schema=types), sink)
    store.put(name, sink.getvalue().to_pybytes())


def bring(dumps: list[Dump], folder: Path) -> list[str]:
    """Dumps as arguments of `shard`: where they lie, or copied into a folder of the task."""
    place = Place(dumps[0].base)
    if place.is_local:
        return ["--base", place.root, *(place.path(dump.name) for dump in dumps)]
    for dump in dumps:
        place.get(dump.name, folder / dump.name)
        if dump.sidecar:
            place.get(dump.name + SIDECAR, folder / (dump.name + SIDECAR))
    return ["--base", str(folder), *(str(folder / dump.name) for dump in dumps)]


def needed(store: Place, task: Task) -> list[str]:
    """Files of the store that a task reads."""
    files = list(task.files)
    manifest = Manifest.of(store)
    if manifest is not None and task.step in ("compact", "publish"):
        files.append("manifest.json")
        live = manifest.day(task.day) if task.step == "compact" else {"files": [manifest.data["sources"] or {}]}
        files += [file["path"] for file in (live or {}).get("files", []) if file]
    return files


@dataclass
class Manifest:
    """The store's list of live files."""

    data: dict

    @staticmethod
    def of(store: Place) -> Manifest | None:
        text = store.read("manifest.json")
        return None if text is None else Manifest(json.loads(text))

    def day(self, name: str) -> dict | None:
        if name == "none":
            return self.data["undated"]
        seconds = time.strptime(name, "%Y-%m-%d")
        import calendar

        return self.data["days"].get(str(calendar.timegm(seconds) // 86_400))

    def contents(self, store: Place) -> set[str]:
        """Content ids of everything that was published."""
        text = store.read(self.data["sources"]["path"]) if self.data["sources"] else None
        return set() if text is None else set(json.loads(text))


# --- on the driver


def dumps_of(argument: str) -> list[Dump]:
    """The files that `gardener ingest ARGUMENT` would read, under the names that it would give them."""
    place = Place(argument)
    if place.info("").type == pafs.FileType.File:
        argument, _, single = argument.partition("?")[0].rpartition("/")
        # The query of an address (endpoint, scheme) belongs to the folder as well.
        query = place.uri.partition("?")[2]
        place = Place((argument or ".") + (f"?{query}" if query else ""))
        infos = [place.info(single), *filter(lambda info: info.type == pafs.FileType.File, [place.info(single + SIDECAR)])]
    else:
        infos = place.files()
    paths = {info.path for info in infos}
    dumps = []
    for info in infos:
        last = posixpath.basename(info.path)
        if not (last.startswith(".") or last.endswith((SIDECAR, PARTIAL))):
            name = posixpath.relpath(info.path, place.root)
            dumps.append(Dump(place.uri, name, info.size, str(info.mtime_ns), info.path + SIDECAR in paths))
    if not dumps:
        raise SystemExit(f"gardener_spark: {argument} holds no file to read")
    return sorted(dumps, key=lambda dump: dump.name)


def shards(dumps: list[Dump], task_bytes: int, flags: str) -> list[Task]:
    """Dumps dealt out by bytes: as many in a task as fill it, in the order of their names, which mostly is that of time."""
    tasks: list[Task] = []
    group: list[Dump] = []

    def close() -> None:
        if group:
            keys = [dump.key for dump in group]
            tasks.append(Task("shard", digest(flags, keys), dumps=list(group), covers=keys))
            group.clear()

    for dump in dumps:
        full = sum(one.size for one in group) + dump.size > task_bytes or len(group) == FILES_PER_TASK
        if group and (full or group[0].base != dump.base):
            close()
        group.append(dump)
    close()
    return tasks


def receipts(store: Place, step: str) -> list[dict]:
    """Receipts of a step, newest knowledge of what was done."""
    folder = store.path(f"spark/receipts/{step}")
    names = [info.path for info in store.files(f"spark/receipts/{step}") if info.path.endswith(".parquet")]
    if not names:
        return []
    rows = ds.dataset(sorted(names), filesystem=store.fs, format="parquet", partition_base_dir=folder).to_table().to_pylist()
    for row in rows:
        row["receipt"] = json.loads(row["receipt"])
    return rows


def run_tasks(spark: SparkSession, job: Job, step: str, tasks: list[Task]) -> list[dict]:
    """Runs those tasks whose receipts are missing, one Spark task each; answers the receipts of all."""
    store = Place(job.store)
    keys = {task.key for task in tasks}
    known = {posixpath.basename(info.path).removesuffix(".parquet") for info in store.files(f"spark/receipts/{step}")}
    todo = [task for task in tasks if task.key not in known]
    say(f"{step}: {len(tasks)} tasks, {len(tasks) - len(todo)} of them done before")
    if todo:
        over = threading.Event()
        threading.Thread(target=watch, args=(store, step, {task.key for task in todo}, over), daemon=True).start()

        def batch(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for ids in batches:
                for at in ids.column("id").to_pylist():
                    perform(job, todo[at])
                    yield pa.RecordBatch.from_pydict({"key": [todo[at].key]})

        try:
            spark.range(0, len(todo), 1, len(todo)).mapInArrow(batch, "key string").collect()
        finally:
            over.set()
    return [row for row in receipts(store, step) if row["key"] in keys]


def watch(store: Place, step: str, keys: set[str], over: threading.Event) -> None:
    """Says how far a step is, by its receipts."""
    while not over.wait(10):
        infos = store.files(f"spark/receipts/{step}")
        done = sum(posixpath.basename(info.path).removesuffix(".parquet") in keys for info in infos)
        say(f"{step}: {done} of {len(keys)}")


def build(spark: SparkSession, job: Job, inputs: list[str], task_bytes: int) -> dict:
    """All steps; answers figures of the run."""
    store = Place(job.store)
    clock = [time.monotonic()]
    seconds: dict[str, float] = {}

    def lap(step: str) -> None:
        clock.append(time.monotonic())
        seconds[step] = round(clock[-1] - clock[-2], 2)

    config = Path(job.config).read_text() if job.config else ""
    said = subprocess.run([*job.call(), "--version"], capture_output=True, text=True, check=True).stdout
    flags = digest(job.shard, config, said)
    dumps = [dump for argument in inputs for dump in dumps_of(argument)]
    manifest = Manifest.of(store)
    published = manifest.contents(store) if manifest else set()
    before = [row for row in receipts(store, "shard") if row["key"] == digest(flags, row["covers"])]
    covered = {key for row in before for key in row["covers"]}
    fresh = [dump for dump in dumps if dump.key not in covered]
    asked = {dump.key for dump in dumps}
    tasks = shards(fresh, task_bytes, flags)
    say(f"{len(dumps)} inputs, {sum(dump.size for dump in dumps) / MIB:.0f} MiB; {len(dumps) - len(fresh)} read before")
    shard_rows = [row for row in before if asked & set(row["covers"])]
    if tasks:
        shard_rows += run_tasks(spark, job, "shard", tasks)
    lap("shard")

    read = [file for row in shard_rows for file in row["receipt"].get("inputs", [])]
    rows = [row["receipt"] for row in shard_rows if not is_published(row["receipt"], published)]
    done: list[dict] = []
    if rows:
        parts: dict[str, set[Bundle]] = {}
        for receipt in rows:
            for day, bundle in bundles(receipt).items():
                parts.setdefault(day, set()).add(bundle)
        compacts, made = compact(spark, job, parts, manifest)
        lap("compact")
        sketches = sorted({receipt["sketch"] for receipt in rows} | {row["receipt"]["sketch"] for row in compacts})
        while len(sketches) > SKETCHES_PER_MERGE:
            groups = [sketches[at : at + SKETCHES_PER_MERGE] for at in range(0, len(sketches), SKETCHES_PER_MERGE)]
            merged = run_tasks(spark, job, "merge", [Task("merge", digest(group), files=group) for group in groups])
            made += merged
            sketches = sorted(row["receipt"]["sketch"] for row in merged)
        # Not by a task: it is one, it is short, and it comes last.
        publish = Task("publish", digest(sketches, manifest.data if manifest else None), files=sketches)
        perform(job, publish)
        done = [row["receipt"] for row in receipts(store, "publish") if row["key"] == publish.key]
        clean(store, [*rows, *(row["receipt"] for row in made)])
        lap("merge")
    else:
        say("nothing is new: the store has it all")
    skipped = [{"name": file["name"], "why": file["skipped"]} for file in read if file.get("skipped") and not file["content_id"]]
    for file in skipped:
        say(f"not read: {file['name']}: {file['why']}")
    return {
        "inputs": len(dumps),
        "bytes": sum(dump.size for dump in dumps),
        "tasks": {"shard": len(tasks), "compact": len(compacts) if rows else 0},
        "rows_in": sum(receipt["rows_in"] for receipt in rows),
        "rows": done[0]["rows"] if done else None,
        "digest": done[0]["digest"] if done else None,
        "not_read": len(skipped),
        "seconds": seconds,
        "seconds_in_tasks": {
            "shard": round(sum(row["seconds"] for row in shard_rows), 2),
            "compact": round(sum(row["seconds"] for row in compacts), 2) if rows else 0,
        },
    }


Bundle = tuple[str, ...]  # the parts of one task and day: they stay together


def bundles(receipt: dict) -> dict[str, Bundle]:
    days = sorted({part["day"] for part in receipt.get("parts", [])})
    return {day: tuple(sorted(part["path"] for part in receipt.get("parts", []) if part["day"] == day)) for day in days}


def is_published(receipt: dict, published: set[str]) -> bool:
    contents = [file["content_id"] for file in receipt.get("inputs", []) if file["content_id"]]
    return bool(contents) and all(content in published for content in contents)


def compact(
    spark: SparkSession, job: Job, parts: dict[str, set[Bundle]], manifest: Manifest | None
) -> tuple[list[dict], list[dict]]:
    """One compaction a day; of a day with many parts, these are sorted together first, several at a time."""
    made: list[dict] = []
    while crowded := {day: sorted(some) for day, some in parts.items() if len(some) > FAN_IN}:
        tasks = []
        for day, some in crowded.items():
            for at in range(0, len(some), FAN_IN):
                group = [path for bundle in some[at : at + FAN_IN] for path in bundle]
                tasks.append(Task("sort", digest(day, group), flags=["--day", day], files=group, day=day))
        rows = run_tasks(spark, job, "sort", tasks)
        made += rows
        for day in crowded:
            parts[day] = {bundles(row["receipt"])[day] for row in rows if row["day"] == day}
    tasks = []
    for day, some in sorted(parts.items()):
        paths = [path for bundle in sorted(some) for path in bundle]
        key = digest(day, paths, manifest.day(day) if manifest else None)
        tasks.append(Task("compact", key, flags=["--day", day], files=paths, day=day))
    rows = run_tasks(spark, job, "compact", tasks)
    return rows, made + rows


def clean(store: Place, done: Iterable[dict]) -> None:
    """Removes what was needed on the way from an object store; on disk `merge --publish` has done so."""
    if store.is_local:
        return
    for receipt in done:
        for name in receipt["files"]:
            if name.startswith("raw/") or name == receipt.get("sketch"):
                if store.exists(name):
                    store.fs.delete_file(store.path(name))


SEVERITIES = {
    0: "DEFAULT", 100: "DEBUG", 200: "INFO", 300: "NOTICE", 400: "WARNING", 500: "ERROR", 600: "CRITICAL", 700: "ALERT",
    800: "EMERGENCY",
}  # fmt: skip


def tables(spark: SparkSession, job: Job) -> None:
    """The tables of docs/queries.md as views: rows straight from the store's files, the small ones as the binary exports them."""
    if not Place(job.store).is_local:
        raise SystemExit("gardener_spark: --sql needs the store on a disk: copy it first (aws s3 sync, gcloud storage rsync)")
    call, store = job.call(), ["--store", job.store]
    listed = subprocess.run([*call, "store", "files", *store], capture_output=True, text=True, check=True).stdout
    folder = tempfile.mkdtemp(prefix="gardener-tables-")
    subprocess.run([*call, "query", "--export", folder, "--without-rows", *store], capture_output=True, check=True)
    for file in sorted(Path(folder).glob("*.parquet")):
        spark.read.parquet(str(file)).createOrReplaceTempView(file.stem)
    derived(spark.read.parquet(*listed.splitlines())).createOrReplaceTempView("rows")


def derived(rows: DataFrame) -> DataFrame:
    """Stored rows with the columns that queries see beside the stored ones."""

    def name(column: str) -> str:
        cases = " ".join(f"WHEN {number} THEN '{word}'" for number, word in SEVERITIES.items())
        return f"CASE {column} {cases} ELSE 'DEFAULT' END AS {column}_name"

    return rows.selectExpr(
        "*",
        "CAST(DATE_ADD(DATE'1970-01-01', CAST(ts_ns DIV 86400000000000 AS INT)) AS STRING) AS day",
        "(ts_ns DIV 3600000000000) * 3600000000000 AS hour_ns",
        "(ts_ns DIV 3600000000000) - (ts_ns DIV 86400000000000) * 24 AS hour",
        name("severity"),
        name("effective_severity"),
    )


def size(text: str) -> int:
    for unit, factor in (("GiB", 1 << 30), ("MiB", MIB), ("KiB", 1 << 10)):
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="folders or files, local or gs:// or s3://")
    parser.add_argument("--store", required=True, help="folder of the store, local or gs:// or s3://")
    parser.add_argument("--bin", required=True, help="the gardener binary: a path on every worker")
    parser.add_argument("--ship", action="store_true", help="send the binary (and --config) from here to the workers")
    parser.add_argument("--config", help="gardener.toml")
    parser.add_argument("--task-bytes", type=size, default=256 * MIB, help="bytes of inputs a task reads [256MiB]")
    parser.add_argument("--memory", default="512MiB", help="--memory-limit of each task [512MiB]")
    parser.add_argument("--threads", default="1", help="threads of each task: spark.task.cpus [1]")
    parser.add_argument("--flag", action="append", default=[], help="a flag of `gardener shard`, such as --flag=--raw=all")
    parser.add_argument("--sql", help="a query file to run over the store in Spark")
    args = parser.parse_args()

    started = time.monotonic()
    spark = SparkSession.builder.appName("gardener").getOrCreate()
    session = round(time.monotonic() - started, 2)
    binary = os.path.abspath(args.bin)
    common = ["--threads", args.threads, "--memory-limit", args.memory, "--no-progress"]
    config = os.path.abspath(args.config) if args.config else ""
    if args.ship:
        spark.addArtifacts(binary, *filter(None, [config]), file=True)
    store = args.store if "://" in args.store else os.path.abspath(args.store)
    job = Job(store, binary, config, common, args.flag)
    code = 0
    if args.inputs:
        figures = build(spark, job, args.inputs, args.task_bytes)
        figures["seconds"] = {"session": session, **figures["seconds"]}
        print(json.dumps(figures), flush=True)
        code = 3 if figures["not_read"] == figures["inputs"] else 0
    if args.sql:
        tables(spark, job)
        for row in spark.sql(Path(args.sql).read_text()).toJSON().collect():
            print(row)
    spark.stop()
    return code


if __name__ == "__main__":
    sys.exit(main())
