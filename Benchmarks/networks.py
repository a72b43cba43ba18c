"""Whole training steps of networks of fields and sequences: a residual network, layers of a transformer."""
from ctypes import byref, c_double, c_int64, c_void_p

import numpy as np
import torch
import torch.nn.functional as F

from library import ADAM, ALL_LAYERS, FLOAT32, MEAN_SQUARED_ERROR, RELU, SOFTMAX_CROSS_ENTROPY, Network, Optimizer, aligned, call
from rows import agree, emit
from timing import in_turns

LINEAR, SUM, CONVOLUTION, GLOBAL_AVERAGE_POOLING, ACTIVATION, BATCH_NORM, LAYER_NORM, ATTENTION = 0, 2, 4, 9, 15, 16, 17, 22
RESIDUAL, TRANSFORMER = 3, 2
WIDTH, HEADS, TOKENS, SEQUENCES = 256, 8, 64, 16


class Graph(Network):
    """A network whose layers `describe(network)` adds, on samples of a shape: channels, then the field."""

    def __init__(self, shape, describe, batch, threads, optimizer, loss):
        self.handle, self.batch, self.loss = c_void_p(), batch, c_double()
        call("network_create", FLOAT32, int(np.prod(shape)), 1, byref(self.handle))
        call("network_set_input_shape", self.handle, len(shape), (c_int64 * len(shape))(*shape))
        describe(self)
        call("network_set_loss", self.handle, loss)
        call("network_set_optimizer", self.handle, ALL_LAYERS, optimizer.handle)
        call("network_set_threads", self.handle, threads)
        call("network_build", self.handle, batch)


class TorchStep:
    """A step of the same network in PyTorch, with the fused Adam."""

    def __init__(self, model, modules, loss_function, x, target):
        """modules: of the model, in the order in which the library has their parameters."""
        self.model, self.modules, self.loss_function, self.x, self.target = model, modules, loss_function, x, target
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)

    def take(self, values):
        """Have the parameters of a network of density 1, which come in the same order."""
        first = 0
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.from_numpy(values[first:first + parameter.numel()].copy()).reshape(parameter.shape))
                first += parameter.numel()
        assert first == len(values), "the networks have different numbers of parameters"

    def parameters(self):
        """Views of the model's parameters in the order of the library's."""
        for name, parameter in (pair for module in self.modules for pair in module.named_parameters()):
            # What makes query, key and value is one map here and three there.
            if name.endswith("in_proj_weight"):
                weights = parameter.chunk(3)
            elif name.endswith("in_proj_bias"):
                yield from (part for pair in zip(weights, parameter.chunk(3)) for part in pair)
            else:
                yield parameter

    def run(self):
        self.optimizer.zero_grad()
        self.loss = self.loss_function(self.model(self.x), self.target)
        self.loss.backward()
        self.optimizer.step()


def measure(name, plan, density, wanted, plant, peers, x, target):
    """plant(density): our network. The dense one's losses agree with each peer's first."""
    dense = plant(1.0)
    values, step, ours = dense.all_parameters().copy(), dense.step(x, target), []
    for _ in range(3):
        step()
        ours.append(dense.loss.value)
    for peer_name, peer in peers:
        peer.take(values)
        theirs = []
        for _ in range(3):
            peer.run()
            theirs.append(peer.loss.item())
        agree(f"{name}, {peer_name}, losses", ours, theirs, 1e-3)
    del dense
    network = plant(density)
    mine, *theirs = in_turns([network.step(x, target), *[peer.run for _, peer in peers]], plan)
    best = int(np.argmin(theirs))
    emit(name, plan.threads, density, mine, peers[best][0] + ", fused", theirs[best], wanted)


class Block(torch.nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.maps = torch.nn.Sequential(
            torch.nn.Conv2d(before, after, 3, stride, 1, bias=False), torch.nn.BatchNorm2d(after), torch.nn.ReLU(),
            torch.nn.Conv2d(after, after, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(after))
        self.shortcut = torch.nn.Identity() if before == after else torch.nn.Sequential(
            torch.nn.Conv2d(before, after, 1, stride, bias=False), torch.nn.BatchNorm2d(after))

    def forward(self, x):
        return F.relu(self.maps(x) + self.shortcut(x))


def filters_of_blocks():
    """He et al. 2015, 20 layers: filters before and after each block."""
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    return zip(widths, widths[1:])


def residual(network, density):
    """The same with 3x3 convolutions of a density, but for the first."""
    def convolve(source, filters, kernel, stride, density):
        sides = dict.fromkeys(["padding_left", "padding_right", "padding_top", "padding_bottom"], kernel // 2)
        strides = {"stride_width": stride, "stride_height": stride}
        options = {"filters": filters, "kernel_width": kernel, "kernel_height": kernel, "bias": 0, "density": density}
        return network.add(BATCH_NORM, {}, [network.add(CONVOLUTION, options | sides | strides, [source])])

    def relu(source):
        return network.add(ACTIVATION, {"activation": RELU}, [source])

    at = relu(convolve(0, 16, 3, 1, 1.0))
    for before, after in filters_of_blocks():
        stride = 1 if before == after else 2
        mapped = convolve(relu(convolve(at, after, 3, stride, density)), after, 3, 1, density)
        at = relu(network.add(SUM, {}, [mapped, at if before == after else convolve(at, after, 1, stride, 1.0)]))
    network.add(LINEAR, {"units": 10}, [network.add(GLOBAL_AVERAGE_POOLING, {}, [at])])


def measure_residual(plan):
    random = np.random.default_rng(5)
    x = aligned(random.standard_normal((64, 3, 32, 32), dtype=np.float32))
    labels = random.integers(0, 10, 64).astype(np.int32)
    classes, adam = torch.from_numpy(labels.astype(np.int64)), Optimizer(ADAM, learning_rate=1e-4)
    peers = []
    for name, form in (("PyTorch dense", torch.contiguous_format), ("PyTorch dense, channels last", torch.channels_last)):
        model = torch.nn.Sequential(
            torch.nn.Conv2d(3, 16, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(16), torch.nn.ReLU(),
            *[Block(before, after, 1 if before == after else 2) for before, after in filters_of_blocks()],
            torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(64, 10)).to(memory_format=form)
        field = torch.from_numpy(x).contiguous(memory_format=form)
        peers.append((name, TorchStep(model, [model], F.cross_entropy, field, classes)))

    def plant(density):
        return Graph((3, 32, 32), lambda n: residual(n, density), 64, plan.threads, adam, SOFTMAX_CROSS_ENTROPY)

    measure("step, residual network of 20 layers, Adam", plan, 0.1, RESIDUAL, plant, peers, x, labels)


def encoder(network, at, density):
    """A layer as torch.nn.TransformerEncoderLayer without dropout."""
    def linear(source, units, activation=0):
        return network.add(CONVOLUTION, {"filters": units, "density": density, "activation": activation}, [source])

    def add_and_norm(*sources):
        return network.add(LAYER_NORM, {"per_place": 1}, [network.add(SUM, {}, sources)])

    heads = network.add(ATTENTION, {"heads": HEADS}, [linear(at, WIDTH) for _ in range(3)])
    at = add_and_norm(at, linear(heads, WIDTH))
    return add_and_norm(at, linear(linear(at, 4 * WIDTH, RELU), WIDTH))


def measure_transformer(plan):
    random = np.random.default_rng(6)
    x, target = (aligned(random.standard_normal((SEQUENCES, WIDTH, TOKENS), dtype=np.float32)) for _ in range(2))
    adam = Optimizer(ADAM, learning_rate=1e-4)
    model = torch.nn.Sequential(*[
        torch.nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, dropout=0, batch_first=True) for _ in range(2)])
    # A token's features are contiguous for PyTorch.
    tokens, wanted = (torch.from_numpy(np.ascontiguousarray(array.transpose(0, 2, 1))) for array in (x, target))
    modules = [m for layer in model for m in (layer.self_attn, layer.norm1, layer.linear1, layer.linear2, layer.norm2)]
    peers = [("PyTorch dense", TorchStep(model, modules, F.mse_loss, tokens, wanted))]

    def plant(density):
        def describe(network):
            encoder(network, encoder(network, 0, density), density)
        return Graph((WIDTH, TOKENS), describe, SEQUENCES, plan.threads, adam, MEAN_SQUARED_ERROR)

    measure("step, two layers of a transformer, Adam", plan, 0.1, TRANSFORMER, plant, peers, x, target)
