"""Espalier beside PyTorch, SparseProp, SciPy and MKL on the same work, in turns. run.sh sets up what this needs.

    bench.py [--quick] [--threads N ...] [--smoke]

Prints a table; writes results.json, machine.json, table.md and pictures to build/bench.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import report

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "build" / "bench"


def describe_machine(threads):
    """What machine.c measures, by number of threads."""
    machine = {"cpu": report.processor(), "cores": len(os.sched_getaffinity(0))}
    for count in threads:
        text = subprocess.run([OUT / "machine", str(count)], check=True, capture_output=True, text=True).stdout
        pairs = dict(line.split() for line in text.splitlines())
        machine["instructions"] = pairs.pop("instructions")
        machine[str(count)] = {name: float(value) for name, value in pairs.items()}
    return machine


def environment(threads):
    """Every library gets the same number of threads. Their threads stop spinning soon after a call, or they would take
    the cores from whose turn is next; between the calls of a block there is no time to fall asleep."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "ESPALIER_NUM_THREADS")
    return {
        **os.environ, **{name: str(threads) for name in names}, "OPENBLAS_NUM_THREADS": "1", "MKL_DYNAMIC": "FALSE",
        "KMP_BLOCKTIME": "10", "ESPALIER_LIBRARY": str(HERE.parent / "build" / "lib" / "libespalier.so"),
        "ESPALIER_SMALL_STEP": str(OUT / "small_step"), "ESPALIER_MEMORY": str(OUT / "memory"), "PYTHONDONTWRITEBYTECODE": "1",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the main rows, in about three minutes")
    parser.add_argument("--smoke", action="store_true", help="the main rows, hardly measured: does it all run?")
    parser.add_argument("--threads", type=int, nargs="+", help="default: 1, and 2 where there are two cores")
    arguments = parser.parse_args()
    threads = arguments.threads or [count for count in (1, 2) if count <= len(os.sched_getaffinity(0))]
    how = "smoke" if arguments.smoke else "quick" if arguments.quick else "full"

    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"The machine is busy (load {load:.1f}): these times will not mean much, least of all with threads.",
              file=sys.stderr)
    machine = describe_machine(threads)
    machine["load"] = load
    (OUT / "machine.json").write_text(json.dumps(machine, indent=1) + "\n")
    rows, failed = [], False
    for count in threads:
        print(f"{count} thread{'s' * (count > 1)}:", file=sys.stderr, flush=True)
        with subprocess.Popen([sys.executable, HERE / "measure.py", str(count), how, OUT / "machine.json"],
                              env=environment(count), stdout=subprocess.PIPE, text=True) as child:
            rows += [json.loads(line) for line in child.stdout]
        failed |= child.returncode != 0
    (OUT / "results.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    text = report.table(rows, machine)
    (OUT / "table.md").write_text(text)
    print(text)
    report.pictures(rows, machine, OUT)
    sys.exit("some measurements failed, see above" if failed else 0)


main()
