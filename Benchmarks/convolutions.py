"""One convolution of a field: forward and both gradients, at many densities."""
import ctypes
from ctypes import byref, c_int64, c_void_p

import numpy as np
import torch
from sparseprop.modules import SparseConv2d

from library import FLOAT32, Network, aligned, call
from rows import agree, emit
from timing import in_turns

CONVOLUTION = 4
KERNELS, SIDES = ("kernel_width", "kernel_height"), (("padding_left", "padding_right"), ("padding_top", "padding_bottom"))
# What is wanted, by density, of 3x3 over 32x32 places; of 5 over 512 places; and against the library that trains.
AGAINST_DENSE_2D = {1.0: 0.8, 0.5: 0.9, 0.2: 2.2, 0.1: 4.5, 0.02: 14}
AGAINST_DENSE_1D = {0.1: 4}
AGAINST_SPARSEPROP = 4


class Convolution(Network):
    """channels to channels, kernels of one length in each direction, stride 1, outputs of the size of the inputs, no bias.
    Timed from the caller's x, dy (batch, channels, places) to y, dx and dw: packing and unpacking are included."""

    def __init__(self, channels, kernel, extents, batch, density, threads):
        self.handle, self.batch = c_void_p(), batch
        shape = (batch, channels, *extents)
        self.weight_shape = (channels, channels, *[kernel] * len(extents))
        call("network_create", FLOAT32, int(np.prod(shape[1:])), 1, byref(self.handle))
        call("network_set_input_shape", self.handle, len(shape) - 1, (c_int64 * (len(shape) - 1))(*shape[1:]))
        options = {"filters": channels, "density": density, "bias": 0}
        for name, sides, _ in zip(KERNELS, SIDES, extents):
            options[name] = kernel
            options |= {side: kernel // 2 for side in sides}
        self.add(CONVOLUTION, options, [0])
        call("network_set_threads", self.handle, threads)
        call("network_build", self.handle, batch)
        random = np.random.default_rng(1)
        self.x, self.dy = (aligned(random.standard_normal(shape, dtype=np.float32)) for _ in range(2))
        self.y, self.dx = aligned(self.dy), aligned(self.x)
        self.run = self.passes(self.x, self.dy, self.y, self.dx)
        self.operations = 6 * batch * self.get(1, "connections") * int(np.prod(extents))

    def pattern(self, layer):
        """Filters and positions (channel, then kernel position) of the connections, from 0."""
        count = c_int64()
        call("layer_pattern", self.handle, layer, 0, 0, None, None, None, byref(count))
        rows, columns = np.empty(count.value, np.int32), np.empty(count.value, np.int32)
        ints = ctypes.POINTER(ctypes.c_int32)
        call("layer_pattern", self.handle, layer, 0, count.value, None, rows.ctypes.data_as(ints), columns.ctypes.data_as(ints),
             byref(count))
        return rows, columns

    def weight(self):
        dense = np.zeros((self.weight_shape[0], int(np.prod(self.weight_shape[1:]))), np.float32)
        dense[self.pattern(1)] = self.parameters(1)[0]
        return dense.reshape(self.weight_shape)

    def results(self):
        return self.y, self.dx, self.parameters(1)[1]


class Torch:
    """PyTorch's dense convolution in one of its memory formats; SparseProp's is a module in its place."""

    def __init__(self, ours, name, module=None, channels_last=False):
        self.ours, self.name, self.is_dense = ours, name, module is None
        weight = torch.from_numpy(ours.weight())
        if module is None:
            kinds = {3: torch.nn.Conv1d, 4: torch.nn.Conv2d}
            module = kinds[weight.dim()](weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2, bias=False)
            with torch.no_grad():
                module.weight.copy_(weight)
        self.module, self.x, self.dy = module, torch.from_numpy(ours.x), torch.from_numpy(ours.dy)
        if channels_last:
            self.module = self.module.to(memory_format=torch.channels_last)
            self.x, self.dy = (array.contiguous(memory_format=torch.channels_last) for array in (self.x, self.dy))
        self.x.requires_grad_()

    def run(self):
        self.x.grad = None
        self.module.zero_grad()
        self.y = self.module(self.x)
        self.y.backward(self.dy)

    def compare(self):
        self.ours.run()
        self.run()
        theirs = [self.y.detach(), self.x.grad]
        ours = list(self.ours.results())
        if self.is_dense:
            rows, columns = self.ours.pattern(1)
            theirs.append(self.module.weight.grad.reshape(self.module.weight.shape[0], -1)[rows, columns])
        for what, mine, other in zip(("y", "dx", "dw"), ours, theirs):
            agree(f"{self.name}, {what}", mine, other.numpy(), 1e-4)


def sparseprop(ours, over_on):
    weight = torch.from_numpy(ours.weight())
    dense = torch.nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2, bias=False)
    with torch.no_grad():
        dense.weight.copy_(weight)
    return SparseConv2d.from_dense(dense, vectorizing_over_on=over_on)


def measure(plan):
    work = [
        ("conv2d 3x3, 64 to 64, 32x32, batch 32", (64, 3, (32, 32), 32), AGAINST_DENSE_2D),
        ("conv1d 5, 128 to 128, 512, batch 16", (128, 5, (512,), 16), AGAINST_DENSE_1D),
    ]
    for name, settings, wanted in work:
        for density in ((0.1,) if plan.quick else wanted):
            ours = Convolution(*settings, density, plan.threads)
            formats = [Torch(ours, "PyTorch dense")]
            if len(settings[2]) == 2:
                formats.append(Torch(ours, "PyTorch dense, channels last", channels_last=True))
            for peer in formats:
                peer.compare()
            mine, *theirs = in_turns([ours.run, *[peer.run for peer in formats]], plan)
            # The better of its formats counts, and below the better of its vectorisations.
            best = int(np.argmin(theirs))
            emit(name, plan.threads, density, mine, formats[best].name, theirs[best], wanted[density], ours.operations)
            if len(formats) == 2 and density < 1:
                ways = [Torch(ours, "SparseProp", sparseprop(ours, over_on)) for over_on in (False, True)]
                for peer in ways:
                    peer.compare()
                mine, *theirs = in_turns([ours.run, *[peer.run for peer in ways]], plan)
                emit(name, plan.threads, density, mine, "SparseProp", min(theirs), AGAINST_SPARSEPROP, ours.operations)
