"""Adam alone, on ten million numbers."""
import numpy as np
import torch

from library import ADAM, Optimizer, address, aligned, function, require
from rows import agree, emit
from timing import in_turns

COUNT = 10_000_000
# Reads weight, gradient and both moments, writes all but the gradient.
BYTES = 28
AGAINST_TORCH, OF_THE_BOUND = 1.2, 0.8


def measure(plan, machine):
    random = np.random.default_rng(5)
    w, dw = (aligned(random.standard_normal(COUNT, dtype=np.float32)) for _ in range(2))
    theirs = torch.from_numpy(aligned(w)).requires_grad_()
    theirs.grad = torch.from_numpy(aligned(dw))
    adam, peer = Optimizer(ADAM, learning_rate=1e-3), torch.optim.Adam([theirs], lr=1e-3, fused=True)
    minimize, handle, w_address, dw_address = function("optimizer_minimize_f32"), adam.handle, address(w), address(dw)

    def step():
        require(minimize(handle, w_address, dw_address, COUNT))

    for _ in range(3):
        step()
        peer.step()
    agree("Adam", w, theirs.detach().numpy(), 1e-5)
    ours, torch_ms = in_turns([step, peer.step], plan)
    name = "Adam alone, 10 million"
    emit(name, plan.threads, 1.0, ours, "PyTorch fused Adam", torch_ms, AGAINST_TORCH)
    bound = 1e3 * BYTES * COUNT / (machine["triad"] * 1e9)
    emit(name, plan.threads, 1.0, ours, "28 bytes an element at the triad's rate", bound, OF_THE_BOUND)
