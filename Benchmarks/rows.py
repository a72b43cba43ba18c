"""The rows of the result: written as they are measured, one JSON object a line."""
import json
import sys


def emit(name, threads, density, ours, peer, theirs, target, flops=None, unit="ms", **more):
    """ours, theirs: in `unit`; target: the least theirs / ours wanted, or None; flops: of one of our calls."""
    row = {
        "name": name, "threads": threads, "density": density,
        "espalier_ms": ours if unit == "ms" else None, "peer": peer, "peer_ms": theirs if unit == "ms" else None,
        "ratio": theirs / ours, "gflops": flops / ours * 1e-6 if flops else None,
        "target": target, "met": None if target is None else theirs / ours >= target,
    }
    if unit != "ms":
        row["espalier_" + unit], row["peer_" + unit] = ours, theirs
    row.update(more)
    print(json.dumps(row), flush=True)
    wanted = "" if target is None else f", wanted {target:g}"
    print(f"  {name}, density {density:g}: {ours:.4g} {unit}, {peer} {theirs:.4g} {unit}, ratio {theirs / ours:.2f}{wanted}",
          file=sys.stderr, flush=True)


def agree(what, ours, theirs, tolerance):
    """Stop when two results of the same work differ: by more than `tolerance` of the largest value."""
    import numpy as np
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    difference, scale = np.abs(ours - theirs).max(), np.abs(ours).max()
    if not difference <= tolerance * scale:
        raise SystemExit(f"{what}: the results differ by {difference:g}, the largest value is {scale:g}")
