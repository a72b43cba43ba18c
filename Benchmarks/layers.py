"""One linear layer: its three passes at many densities, and one more thread."""
import numpy as np

from library import IDENTITY, Network, aligned
from rows import agree, emit
from timing import in_turns
import peers

BATCH = 128
# What is wanted against PyTorch dense, by density; against each library that trains; against kernels assembled by hand.
AGAINST_DENSE = {0.5: 1.2, 0.2: 3, 0.1: 6, 0.05: 11, 0.02: 20, 0.01: 30}
AGAINST = {peers.TorchCSR: 3, peers.SparseProp: 3, peers.SciPy: 3, peers.MKL: 2.5}
AGAIN_WITH_TWO_THREADS = 1.8


class Layer:
    """size x size at a density, without bias and activation, so that its passes are what the peers compute.
    Timed from the caller's x, dy (batch, size) to y, dx (batch, size) and dw: packing and unpacking are included."""

    def __init__(self, size, density, threads):
        self.network = Network(size, [(size, density, IDENTITY)], BATCH, threads, bias=False)
        random = np.random.default_rng(1)
        self.x, self.dy = (aligned(random.standard_normal((BATCH, size), dtype=np.float32)) for _ in range(2))
        self.y, self.dx = aligned(self.dy), aligned(self.x)
        self.run = self.network.passes(self.x, self.dy, self.y, self.dx)
        self.flops = self.network.flops(BATCH, first_dx=True)
        # Distinct arrays: x, dy, y, dx once; for a connection weight and gradient, its column, and its row and slot going back.
        self.least_bytes = 16 * self.network.get(1, "connections") + 4 * 4 * BATCH * size

    def problem(self):
        return peers.Problem(*self.network.pattern(1), self.network.parameters(1)[0], self.x, self.dy)

    def results(self):
        return self.y, self.dx, self.network.parameters(1)[1]


def compare(layer, peer):
    layer.run()
    peer.run()
    for what, ours, theirs in zip(("y", "dx", "dw"), layer.results(), peer.results()):
        agree(f"{peer.name}, {what}", ours, theirs, 1e-4)


def measure(plan):
    if plan.quick:
        work = [(1024, (0.1, 0.02), [peers.TorchDense, *AGAINST]), (4096, (0.1,), [peers.TorchDense, peers.MKL])]
    else:
        work = [(size, AGAINST_DENSE, [peers.TorchDense, *AGAINST]) for size in (1024, 4096)]
    for size, densities, kinds in work:
        for density in densities:
            layer = Layer(size, density, plan.threads)
            problem = layer.problem()
            for kind in kinds:
                peer = kind(problem)
                compare(layer, peer)
                ours, theirs = in_turns([layer.run, peer.run], plan)
                wanted = AGAINST_DENSE[density] if kind is peers.TorchDense else AGAINST[kind]
                emit(f"linear {size}x{size}, batch {BATCH}", plan.threads, density, ours, peer.name, theirs, wanted,
                     layer.flops, flop_per_byte=layer.flops / layer.least_bytes)
                del peer
            del layer, problem


def measure_threads(plan):
    """This many threads against one, on the same layer."""
    size, density = 4096, 0.1
    one, many = Layer(size, density, 1), Layer(size, density, plan.threads)
    one.run()
    many.run()
    for ours, theirs in zip(many.results(), one.results()):
        assert np.array_equal(ours, theirs), "results depend on the number of threads"
    ours, theirs = in_turns([many.run, one.run], plan)
    emit(f"{plan.threads} threads against 1, linear {size}x{size}", plan.threads, density, ours, "Espalier, 1 thread", theirs,
         AGAIN_WITH_TWO_THREADS if plan.threads == 2 else None, many.flops)
