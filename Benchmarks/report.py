"""The result as a table and as pictures.

    report.py FILE.md     writes the table of build/bench into FILE.md, between <!-- results --> and <!-- /results -->
"""
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LINEAR = "linear "
SIZES = (1024, 4096)


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else "unknown processor"


def number(value):
    return "" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


def in_threads(count):
    return f"{count} thread{'s' * (int(count) > 1)}"


def table(rows, machine):
    threads = [key for key in machine if key.isdigit()]
    lines = [f"{machine['cpu']}, {machine['cores']} cores, {machine['instructions']}; f32; load before: "
             f"{machine['load']:.1f}.", "", "| machine | " + " | ".join(map(in_threads, threads)) + " |",
             "|---|" + "---|" * len(threads)]
    for name, text in (("fma_gflops", "multiply-adds, GFLOP/s"), ("read_l1", "reading 16 KiB a thread, GB/s"),
                       ("read_l2", "reading 256 KiB a thread, GB/s"), ("read_l3", "reading 4 MiB a thread, GB/s"),
                       ("read_memory", "reading 256 MiB a thread, GB/s"), ("triad", "triad, GB/s")):
        lines.append(f"| {text} | " + " | ".join(number(machine[key][name]) for key in threads) + " |")
    lines += ["", "| work | threads | density | Espalier | peer | its | ratio | wanted | | GFLOP/s |",
              "|---|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        unit = "ms" if row["espalier_ms"] is not None else "MiB"
        ours, theirs = (row[f"{who}_{unit.lower()}"] for who in ("espalier", "peer"))
        met = {None: "", True: "met", False: "missed"}[row["met"]]
        cells = [row["name"], row["threads"], f"{row['density']:g}", f"{number(ours)} {unit}", row["peer"],
                 f"{number(theirs)} {unit}", f"{row['ratio']:.2f}", number(row["target"]), met, number(row["gflops"])]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    judged = [row for row in rows if row["met"] is not None]
    lines += ["", f"{sum(row['met'] for row in judged)} of {len(judged)} met."]
    return "\n".join(lines) + "\n"


def gnuplot(script, *arguments):
    subprocess.run(["gnuplot", "-c", HERE / script, *map(str, arguments)], check=True)


def pictures(rows, machine, out):
    """speedup-SIZE-THREADS.svg and roofline-THREADS.svg, where there is more than one density to draw."""
    for threads in sorted({row["threads"] for row in rows}):
        linear = [row for row in rows if row["name"].startswith(LINEAR) and row["threads"] == threads]
        for size in SIZES:
            here = [row for row in linear if row["name"].startswith(f"{LINEAR}{size}x")]
            dense = {row["density"]: row for row in here if row["peer"] == "PyTorch dense"}
            if len(dense) < 2:
                continue
            curves = {"Espalier": {density: row["ratio"] for density, row in dense.items()}}
            for row in here:
                if row["peer"] != "PyTorch dense" and row["density"] in dense:
                    curves.setdefault(row["peer"], {})[row["density"]] = dense[row["density"]]["peer_ms"] / row["peer_ms"]
            data = out / f"speedup-{size}-{threads}.dat"
            data.write_text("\n\n\n".join(f'"{name}"\n' + "\n".join(f"{d} {curve[d]:.4f}" for d in sorted(curve))
                                          for name, curve in curves.items()) + "\n")
            gnuplot("speedup.gp", data, data.with_suffix(".svg"), f"{size}x{size}, batch 128, {in_threads(threads)}",
                    len(curves))
        points = [row for row in linear if row["peer"] == "PyTorch dense"]
        if points:
            data = out / f"roofline-{threads}.dat"
            data.write_text("\n\n\n".join(
                f'"{size}x{size}"\n' + "\n".join(f"{row['flop_per_byte']:.3f} {row['gflops']:.3f} {row['density']:g}"
                                                 for row in points if row["name"].startswith(f"{LINEAR}{size}x"))
                for size in SIZES) + "\n")
            limits = machine[str(threads)]
            gnuplot("roofline.gp", data, data.with_suffix(".svg"), f"{in_threads(threads)}, f32",
                    *(limits[name] for name in ("fma_gflops", "read_l1", "read_l2", "read_memory")))


def main():
    out, document = HERE.parent / "build" / "bench", Path(sys.argv[1])
    rows, machine = (json.loads((out / name).read_text()) for name in ("results.json", "machine.json"))
    begin, end = "<!-- results -->", "<!-- /results -->"
    head, rest = document.read_text().split(begin)
    tail = rest.split(end)[1]
    document.write_text(f"{head}{begin}\n{table(rows, machine)}{end}{tail}")


if __name__ == "__main__":
    main()
