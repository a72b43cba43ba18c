"""Peak memory of training 4096-4096-4096-10 against what must be kept; memory.c trains."""
import os
import subprocess

from rows import emit

SIZE, CLASSES, BATCH = 4096, 10, 128
WANTED = 1 / 1.5


def must_be_kept(parameters, sparse_connections):
    """Bytes: float32 values, gradient and two moments; for a sparse connection its column (2 bytes), and going back its row
    (2) and slot (4); offsets of rows and columns (8 each); panels of the batch for what enters and leaves each layer, and
    for the gradients of what leaves."""
    index = sparse_connections * (2 + 2 + 4) + 2 * 2 * (SIZE + 1) * 8
    panels = 4 * BATCH * (SIZE + 2 * (SIZE + SIZE + CLASSES))
    return 4 * 4 * parameters + index + panels


def measure(plan):
    text = subprocess.run([os.environ["ESPALIER_MEMORY"], str(plan.threads)], check=True, capture_output=True, text=True).stdout
    found = {name: float(value) for name, value in (line.split() for line in text.splitlines())}
    MiB = 1 << 20
    kept = must_be_kept(found["parameters"], found["sparse_connections"]) / MiB
    whole, grown = found["peak_kb"] / 1024, (found["peak_kb"] - found["before_kb"]) / 1024
    name = "peak memory, 4096-4096-4096-10, Adam"
    emit(name + ", beyond the process before it", plan.threads, 0.01, grown, "what must be kept", kept, WANTED, unit="mib",
         held_mib=found["held_bytes"] / MiB)
    emit(name + ", whole process", plan.threads, 0.01, whole, "what must be kept", kept, None, unit="mib")
