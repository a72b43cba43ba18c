"""Measure with one number of threads, in this process; rows go to standard output. Started by bench.py, which sets the
environment: MEASURE THREADS quick|full|smoke MACHINE.json"""
import json
import sys
import traceback

import library  # noqa: F401  first: see there
import torch

import convolutions
import layers
import memory
import networks
import optimizers
import steps
from timing import Plan


def main():
    threads, how = int(sys.argv[1]), sys.argv[2]
    with open(sys.argv[3]) as file:
        machine = json.load(file)[str(threads)]
    torch.set_num_threads(threads)
    plan = Plan(threads, how != "full", how == "smoke")
    groups = [layers.measure, convolutions.measure, steps.measure_mlp, steps.measure_dense_layer, networks.measure_residual,
              networks.measure_transformer, steps.measure_small, steps.measure_rigl,
              lambda plan: optimizers.measure(plan, machine), memory.measure]
    if threads > 1:
        groups.insert(1, layers.measure_threads)
    failed = 0
    for group in groups:
        try:
            group(plan)
        except Exception:
            # The other rows are still worth having; the whole run fails at its end.
            traceback.print_exc()
            failed = 1
    sys.exit(failed)


main()
