#!/usr/bin/env python3
"""Runs whole processes and says what they took: wall time, CPU time, peak memory (of the process and of what it waited for).

    benches/measure.py limit MIB NAME COMMAND…       one run, one row of a Markdown table; exit 1 above MIB or when it fails
    benches/measure.py compare N FILE                several commands in turn (A B, B A, A B …), N times; a Markdown table

FILE holds a JSON array of groups: {"title", "runs": [{"name", "command": [...], "fresh": [paths removed before each run],
"once": [command that prepares, before each run]}], "target": {"of", "to", "wall"}}. Ratios are to the group's first run.
Used by memory.sh and speed.sh.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def remove(path):
    path = pathlib.Path(path)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def measure(command):
    """Wall seconds, CPU seconds, peak MiB, exit code, and the last line of what was said."""
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines() or [""]
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode, lines[-1]


def limit(most, name, command):
    wall, cpu, peak, code, said = measure(command)
    fine = code == 0 and peak <= most
    verdict = "" if fine else f"exit {code}: {said}" if code else f"above {most:.0f}"
    print(f"| {name} | {wall:.1f} s | {cpu:.1f} s | {peak:.0f} MiB | {verdict or 'ok'} |", flush=True)
    return 0 if fine else 1


def compare(times, groups):
    missed = 0
    for group in groups:
        runs = group["runs"]
        taken = {run["name"]: [] for run in runs}
        for turn in range(times):
            # What runs directly behind another one may find the machine warm: no run always has the same one before it.
            for run in runs if turn % 2 == 0 else reversed(runs):
                for path in run.get("fresh", []):
                    remove(path)
                if "once" in run:
                    subprocess.run(run["once"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                wall, cpu, peak, code, said = measure(run["command"])
                if code != 0:
                    sys.exit(f"measure.py: {run['name']} exits {code}: {said}")
                taken[run["name"]].append((wall, cpu, peak))
        median = {name: [statistics.median(part) for part in zip(*rows)] for name, rows in taken.items()}
        base = median[runs[0]["name"]]
        print(f"\n### {group['title']}\n\n| | wall (least to most) | CPU | peak memory | wall, ratio | CPU, ratio |\n|---|--:|--:|--:|--:|--:|")
        for run in runs:
            wall, cpu, peak = median[run["name"]]
            walls = [row[0] for row in taken[run["name"]]]
            print(
                f"| {run['name']} | {wall:.2f} s ({min(walls):.2f}-{max(walls):.2f}) | {cpu:.2f} s | {peak:.0f} MiB "
                f"| {wall / base[0]:.2f} | {cpu / base[1]:.2f} |"
            )
        if target := group.get("target"):
            ratio = median[target["of"]][0] / median[target["to"]][0]
            met = ratio <= target["wall"]
            missed += not met
            print(f"\n{target['of']} / {target['to']} = {ratio:.2f}, target {target['wall']:.2f}: {'met' if met else 'missed'}")
        sys.stdout.flush()
    return 1 if missed else 0


def main():
    match sys.argv[1:]:
        case ["limit", most, name, *command] if command:
            return limit(float(most), name, command)
        case ["compare", times, file]:
            return compare(int(times), json.loads(pathlib.Path(file).read_text()))
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
