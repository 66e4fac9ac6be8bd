"""Messages a CPU second of drain3 (PyPI), default settings, one core; the best of three runs.

usage: mine_drain3.py FILE   (FILE from: `cargo run --release --example lines >FILE` in the folder `mine`)
"""
import sys
import time

from drain3 import TemplateMiner
from drain3.template_miner_config import TemplateMinerConfig


def main():
    lines = [line.rstrip("\n") for line in open(sys.argv[1], encoding="utf-8")]
    best, clusters = 0.0, 0
    for _ in range(3):
        config = TemplateMinerConfig()
        config.profiling_enabled = False
        miner = TemplateMiner(config=config)
        start = time.process_time()
        for line in lines:
            miner.add_log_message(line)
        best = max(best, len(lines) / (time.process_time() - start))
        clusters = len(miner.drain.clusters)
    print(f"drain3: {best:.0f} messages/s, {clusters} clusters")


main()
