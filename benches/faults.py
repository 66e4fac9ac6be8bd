#!/usr/bin/env python3
"""Kills ingests at random moments and looks at what is left.

    benches/faults.py BINARY [--kills 200] [--seed 1] [--entries 40000] [--data DIR] [--work DIR] [--threads 2]

After each kill (SIGKILL) the store must be absent or sound, and in one of two states: as before the call, or as after it.
Then the same ingest is started again, now and then killed again, and at last left to end: its digest must be that of an
ingest which nobody killed. Meanwhile a reader asks for the digest and runs a query over and over: it may meet no store, one
state or the other, never an error. Stores are begun from nothing and on top of days that are there already.

Without --data the dumps come from the project's generator (`cargo run --example generate`). The moments follow from --seed
and from how long an ingest takes here. Exit 0 when nothing was found, 1 at the first failure, 2 when it cannot be run.
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ABSENT = "no store in"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary", type=pathlib.Path)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--entries", type=int, default=40_000)
    arguments.add_argument("--data", type=pathlib.Path, help="folder of dumps, at least two files")
    arguments.add_argument("--work", type=pathlib.Path, help="folder for the stores [default: a temporary one]")
    arguments.add_argument("--threads", type=int, default=2)
    args = arguments.parse_args()
    if not args.binary.is_file():
        arguments.error(f"{args.binary} is no program")
    with tempfile.TemporaryDirectory(prefix="gardener-faults-", dir=args.work) as work:
        try:
            Trial(args, pathlib.Path(work)).run()
        except Failure as failure:
            print(f"FAILED: {failure}", flush=True)
            return 1
    return 0


class Failure(Exception):
    """Something that must not happen."""


class Trial:
    def __init__(self, args, work):
        self.args, self.work = args, work
        self.binary = str(args.binary.resolve())
        self.random = random.Random(args.seed)
        self.data = args.data.resolve() if args.data else self.generate()
        self.inputs = sorted(str(path) for path in self.data.rglob("*") if path.is_file() and not path.name.endswith(".meta.json"))
        if len(self.inputs) < 2:
            sys.exit("faults.py: at least two files are needed")
        self.readings = 0
        self.reader_failure = None

    def generate(self):
        root = pathlib.Path(__file__).resolve().parent.parent
        command = ["cargo", "run", "--quiet", "--locked", "--example", "generate", "--", "--load", str(self.args.entries)]
        subprocess.run([*command, "--days", "3", "--out", str(self.work / "data")], cwd=root, check=True, stdout=subprocess.DEVNULL)
        return self.work / "data" / "dumps"

    def call(self, *words):
        done = subprocess.run([self.binary, *words], capture_output=True, text=True)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def ingest_command(self, store, inputs):
        return [self.binary, "ingest", "--quiet", "--threads", str(self.args.threads), "--store", str(store), *inputs]

    def ingest(self, store, inputs):
        began = time.monotonic()
        done = subprocess.run(self.ingest_command(store, inputs), capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"an ingest that nobody killed exits {done.returncode}: {done.stderr.strip()}")
        return time.monotonic() - began

    def digest(self, store):
        code, out, err = self.call("store", "digest", "--store", str(store))
        if code == 4 and ABSENT in err:
            return None
        if code != 0:
            raise Failure(f"store digest exits {code}: {err}")
        return out

    def verify(self, store):
        code, out, err = self.call("store", "verify", "--store", str(store))
        if code != 0 and not (code == 4 and ABSENT in err):
            raise Failure(f"store verify exits {code}: {out} {err}")

    def run(self):
        # Every second file: the others touch the same days again.
        half, whole, empty = (self.work / name for name in ("half", "whole", "empty"))
        self.ingest(half, self.inputs[::2])
        took_empty = self.ingest(whole, self.inputs)
        shutil.copytree(half, self.work / "timed")
        took_half = self.ingest(self.work / "timed", self.inputs)
        nothing = self.work / "nothing.json"
        nothing.write_bytes(b"")
        self.ingest(empty, [str(nothing)])
        before = {None: {None, self.digest(empty)}, half: {self.digest(half)}}
        after = self.digest(whole)
        if self.digest(self.work / "timed") != after:
            raise Failure("two calls and one do not give the same digest")
        print(f"{len(self.inputs)} files; an ingest takes {took_empty:.2f} s from nothing, {took_half:.2f} s onto half; seed {self.args.seed}", flush=True)

        kills = rounds = ended = 0
        found = {"absent": 0, "before": 0, "after": 0}
        while kills < self.args.kills:
            start = self.random.choice([None, half])
            took = took_half if start else took_empty
            store = self.work / f"store{rounds}"
            if start:
                shutil.copytree(start, store)
            states = before[start] | {after}
            stop = threading.Event()
            reader = threading.Thread(target=self.read, args=(store, states, stop))
            reader.start()
            try:
                for _ in range(self.random.randint(1, 4)):
                    # The end, where a write begins to count, is met as often as all the rest.
                    share = self.random.uniform(0.0, 1.0) if self.random.random() < 0.5 else self.random.uniform(0.7, 1.1)
                    hit = self.kill(store, took * share)
                    kills, ended = kills + hit, ended + (not hit)
                    self.verify(store)
                    state = self.digest(store)
                    if state not in states:
                        raise Failure(f"kill {kills} at {share:.3f} of an ingest left a third state, {state}")
                    found["absent" if state is None else "after" if state == after else "before"] += 1
                self.ingest(store, self.inputs)
            finally:
                stop.set()
                reader.join()
            if self.reader_failure:
                raise Failure(self.reader_failure)
            if self.digest(store) != after:
                raise Failure(f"round {rounds}: after {kills} kills another digest than without")
            code, _, err = self.call("store", "tidy", "--store", str(store))
            if code != 0:
                raise Failure(f"store tidy exits {code}: {err}")
            self.verify(store)
            left = [str(path) for path in store.rglob(".partial*")]
            if left:
                raise Failure(f"leftovers stay: {left[:3]}")
            shutil.rmtree(store)
            rounds += 1
            if rounds % 20 == 0:
                print(f"  {kills} kills in {rounds} rounds, {self.readings} readings", flush=True)
        print(
            f"{kills} kills in {rounds} stores ({ended} more came after the end): the store was absent {found['absent']} times, as before "
            f"{found['before']}, as after {found['after']}; {self.readings} readings meanwhile; every store was completed to the same digest"
        )

    def kill(self, store, after):
        """Whether the ingest was still running."""
        child = subprocess.Popen(self.ingest_command(store, self.inputs), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, err = child.communicate(timeout=max(after, 0.001))
            if child.returncode != 0:
                raise Failure(f"an ingest exits {child.returncode} by itself: {err.strip()}")
            return False
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return child.returncode == -9

    def read(self, store, states, stop):
        try:
            while not stop.is_set():
                state = self.digest(store)
                if state not in states:
                    raise Failure(f"a reader saw a third state, {state}")
                if state is not None:
                    code, _, err = self.call("query", "days", "--format", "csv", "--store", str(store))
                    if code != 0:
                        raise Failure(f"a query exits {code} while others write: {err}")
                self.readings += 1
                stop.wait(0.02)
        except Failure as failure:
            self.reader_failure = str(failure)


if __name__ == "__main__":
    sys.exit(main())
