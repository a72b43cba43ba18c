"""Whole training steps: an MLP, a dense layer, the smallest network from Fortran, RigL against a static pattern."""
import os
import statistics
import subprocess
import time

import numpy as np
import torch
import torch.nn.functional as F
from sparseprop.modules import SparseLinear

from library import (ADAM, IDENTITY, MEAN_SQUARED_ERROR, RELU, SGD, SOFTMAX_CROSS_ENTROPY, Network, Optimizer, aligned,
                     function, require)
from rows import agree, emit
from timing import in_turns

BATCH = 128
WANTED = {("PyTorch dense", 0.1): 6, ("PyTorch dense", 0.02): 15, ("PyTorch masked", 0.1): 6, ("PyTorch masked", 0.02): 15,
          ("SparseProp", 0.1): 5, ("SparseProp", 0.02): 6}
DENSE_LAYER, SMALL, RIGL = 0.9, 100, 1 / 1.03


def linear(network, layer):
    """torch.nn.Linear with a layer's weights and biases, and the layer's pattern as a matrix of 0 and 1."""
    weight, mask = network.dense_weight(layer)
    module = torch.nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(weight))
        module.bias.copy_(torch.from_numpy(network.parameters(layer)[2].copy()))
    return module, torch.from_numpy(mask)


class TorchStep:
    """The same network in PyTorch, from Espalier's own starting point.
    kind: "PyTorch dense" (every position trains), "PyTorch masked" (gradients and weights are multiplied by a mask) or
    "SparseProp" (its module for the sparse layers)."""

    def __init__(self, kind, network, optimizer, loss, x, target):
        modules, self.masked = [], []
        for number, (_, density, activation) in enumerate(network.layers, 1):
            module, mask = linear(network, number)
            if density < 1 and kind == "SparseProp":
                module = SparseLinear.from_dense(module)
            elif density < 1 and kind == "PyTorch masked":
                self.masked.append((module, mask))
            modules += [module] + [torch.nn.ReLU()] * (activation == RELU)
        self.model = torch.nn.Sequential(*modules)
        self.optimizer = optimizer(self.model.parameters())
        self.loss_function, self.x, self.target = loss, torch.from_numpy(x), torch.from_numpy(target)

    def run(self):
        self.optimizer.zero_grad()
        self.loss = self.loss_function(self.model(self.x), self.target)
        self.loss.backward()
        with torch.no_grad():
            for module, mask in self.masked:
                module.weight.grad.mul_(mask)
        self.optimizer.step()
        with torch.no_grad():
            for module, mask in self.masked:
                module.weight.mul_(mask)


def compare(what, network, step, peer, count=3):
    """The losses of the first steps agree."""
    ours, theirs = [], []
    for _ in range(count):
        step()
        peer.run()
        ours.append(network.loss.value)
        theirs.append(peer.loss.item())
    agree(what, ours, theirs, 1e-4)


def fused_adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-4, fused=True)


def measure_mlp(plan):
    random = np.random.default_rng(2)
    x = aligned(random.standard_normal((BATCH, 784), dtype=np.float32))
    labels = random.integers(0, 10, BATCH).astype(np.int32)
    classes = labels.astype(np.int64)
    adam = Optimizer(ADAM, learning_rate=1e-4)

    def plant(density):
        layers = [(1000, density, RELU)] * 3 + [(10, 1.0, IDENTITY)]
        return Network(784, layers, BATCH, plan.threads, adam, SOFTMAX_CROSS_ENTROPY)

    whole = plant(1.0)
    compare("PyTorch dense, losses", whole, whole.step(x, labels),
            TorchStep("PyTorch dense", whole, fused_adam, F.cross_entropy, x, classes))
    del whole
    for density in ((0.1,) if plan.quick else (0.1, 0.02)):
        for kind in ("PyTorch dense", "PyTorch masked", "SparseProp"):
            network = plant(density)
            step, peer = network.step(x, labels), TorchStep(kind, network, fused_adam, F.cross_entropy, x, classes)
            if kind != "PyTorch dense":
                compare(f"{kind}, losses", network, step, peer)
            ours, theirs = in_turns([step, peer.run], plan)
            emit("step 784-1000-1000-1000-10, Adam", plan.threads, density, ours, kind + ", fused" * (kind != "SparseProp"),
                 theirs, WANTED[kind, density], network.flops(BATCH, first_dx=False))


def measure_dense_layer(plan):
    """Density 1: forward, loss, gradients by weights and biases, SGD."""
    for size in ((1024,) if plan.quick else (1024, 4096)):
        random = np.random.default_rng(3)
        x, target = (aligned(random.standard_normal((BATCH, size), dtype=np.float32)) for _ in range(2))
        sgd = Optimizer(SGD, learning_rate=1e-3)
        network = Network(size, [(size, 1.0, IDENTITY)], BATCH, plan.threads, sgd)
        step = network.step(x, target)
        peer = TorchStep("PyTorch dense", network, lambda p: torch.optim.SGD(p, lr=1e-3, fused=True), F.mse_loss, x, target)
        compare("PyTorch dense layer, losses", network, step, peer)
        ours, theirs = in_turns([step, peer.run], plan)
        emit(f"step of a dense layer {size}x{size}, SGD", plan.threads, 1.0, ours, "PyTorch dense, fused", theirs, DENSE_LAYER,
             network.flops(BATCH, first_dx=False))


def measure_small(plan):
    """32-64-64-16, one sample a step, from a Fortran program, which is a process of its own in every turn."""
    density, steps = 0.5, 2000 if plan.block == 0 else 20000
    layers = [(64, density, RELU), (64, density, RELU), (16, density, IDENTITY)]
    network = Network(32, layers, 1, plan.threads, Optimizer(SGD, learning_rate=0.01), MEAN_SQUARED_ERROR)
    x = np.cos(np.arange(1, 33, dtype=np.float64)).astype(np.float32)[None]
    target = np.sin(np.arange(1, 17, dtype=np.float64)).astype(np.float32)[None]
    sgd = lambda parameters: torch.optim.SGD(parameters, lr=0.01, fused=True)  # noqa: E731

    def fortran(count):
        """Milliseconds of a step, loss of step `count`."""
        text = subprocess.run([os.environ["ESPALIER_SMALL_STEP"], str(count)], check=True, capture_output=True, text=True)
        return [float(word) for word in text.stdout.split()]

    masked = TorchStep("PyTorch masked", network, sgd, F.mse_loss, x, target)
    for _ in range(50):
        masked.run()
    agree("small step, loss of the 50th", fortran(50)[1], masked.loss.item(), 1e-3)

    peer = TorchStep("PyTorch dense", network, sgd, F.mse_loss, x, target)
    ours, theirs = [], []
    for _ in range(plan.turns):
        ours.append(fortran(steps)[0])
        time.sleep(plan.rest)
        theirs.append(in_turns([peer.run], plan)[0])
    emit("step 32-64-64-16, batch 1, SGD, from Fortran", plan.threads, density, statistics.median(ours),
         "PyTorch eager dense, fused", statistics.median(theirs), SMALL, network.flops(1, first_dx=False))


def measure_rigl(plan):
    """Forward, all gradients, Adam; every hundredth step drops and grows instead. A turn is 100 steps of each."""
    size, density, every = 1024, 0.1, 100
    random = np.random.default_rng(4)
    x, dy = (aligned(random.standard_normal((BATCH, size), dtype=np.float32)) for _ in range(2))
    y, dx = aligned(dy), aligned(x)
    adam = Optimizer(ADAM, learning_rate=1e-4)
    update, evolve = function("network_update"), function("network_evolve")

    def loop(rigl):
        network = Network(size, [(size, density, IDENTITY)], BATCH, plan.threads, adam, rigl=rigl)
        passes, handle = network.passes(x, dy, y, dx), network.handle

        def run():
            passes()
            require(update(handle) or evolve(handle))
        return network, run

    changing, run_changing = loop({"every": every, "drop_fraction": 0.3})
    static, run_static = loop(None)
    ours, theirs = in_turns([run_changing, run_static], plan, counts=[every, every])
    updates = changing.get(1, "topology_updates")
    assert updates >= 2 and changing.get(1, "grown") > 0, "RigL changed nothing"
    emit(f"RigL every {every}, linear {size}x{size}, Adam", plan.threads, density, ours, "Espalier, static", theirs, RIGL,
         changing.flops(BATCH, first_dx=True))
