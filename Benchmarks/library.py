"""Espalier through its C interface, by ctypes. Import this before anything that brings a BLAS of its own."""
import ctypes
import os
from ctypes import POINTER, byref, c_double, c_float, c_int, c_int32, c_int64, c_void_p, c_char_p

PATH = os.environ["ESPALIER_LIBRARY"]
with open("/proc/self/maps") as maps:
    loaded = maps.read()
# The library's calls of BLAS must find the one that it was linked with.
assert "libmkl" not in loaded and "libtorch" not in loaded, "espalier must be loaded before MKL and PyTorch"
_library = ctypes.CDLL(PATH)

import numpy as np  # noqa: E402

FLOAT32, ALL_LAYERS = 32, 0
IDENTITY, RELU = 0, 1
MEAN_SQUARED_ERROR, SOFTMAX_CROSS_ENTROPY = 0, 1
SGD, ADAM = 0, 3
RIGL = 2

_FLOATS, _INTS, _LONGS, _DOUBLE = POINTER(c_float), POINTER(c_int32), POINTER(c_int64), POINTER(c_double)
_SIGNATURES = {
    "network_create": [c_int, c_int64, c_int64, POINTER(c_void_p)],
    "network_destroy": [c_void_p],
    "network_add_linear": [c_void_p, c_int64, c_double, c_int],
    "network_add_layer": [c_void_p, c_int, c_int64, _LONGS, c_int64, POINTER(c_char_p), _DOUBLE, _LONGS],
    "network_set_input_shape": [c_void_p, c_int64, _LONGS],
    "network_set_loss": [c_void_p, c_int],
    "network_set_optimizer": [c_void_p, c_int64, c_void_p],
    "network_set_topology": [c_void_p, c_int64, c_void_p],
    "network_set_threads": [c_void_p, c_int],
    "network_build": [c_void_p, c_int64],
    "network_parameters_f32": [c_void_p, POINTER(_FLOATS), POINTER(_FLOATS), _LONGS],
    "layer_set": [c_void_p, c_int64, c_char_p, c_double],
    "layer_get": [c_void_p, c_int64, c_char_p, _DOUBLE],
    "layer_parameters_f32": [c_void_p, c_int64] + [POINTER(_FLOATS), POINTER(_FLOATS), _LONGS] * 2,
    "layer_pattern": [c_void_p, c_int64, c_int, c_int64, _LONGS, _INTS, _INTS, _LONGS],
    "network_train_step_f32": [c_void_p, c_void_p, c_void_p, c_int64, _DOUBLE],
    "network_train_step_labels_f32": [c_void_p, c_void_p, c_void_p, c_int64, _DOUBLE],
    "network_forward_f32": [c_void_p, c_void_p, c_int64, c_void_p],
    "network_backward_f32": [c_void_p, c_void_p, c_int64, c_void_p],
    "network_update": [c_void_p],
    "network_evolve": [c_void_p],
    "optimizer_create": [c_int, POINTER(c_void_p)],
    "optimizer_destroy": [c_void_p],
    "optimizer_set": [c_void_p, c_char_p, c_double],
    "optimizer_minimize_f32": [c_void_p, c_void_p, c_void_p, c_int64],
    "topology_create": [c_int, POINTER(c_void_p)],
    "topology_destroy": [c_void_p],
    "topology_set": [c_void_p, c_char_p, c_double],
}
for _name, _arguments in _SIGNATURES.items():
    _function = getattr(_library, "espalier_" + _name)
    _function.argtypes, _function.restype = _arguments, c_int
_library.espalier_last_error.restype = c_char_p


def require(status):
    """A failure is an exception with the library's message."""
    if status:
        raise RuntimeError(_library.espalier_last_error().decode())


def function(name):
    """espalier_NAME itself, for calls that are timed; it returns a status."""
    return getattr(_library, "espalier_" + name)


def call(name, *arguments):
    require(function(name)(*arguments))


def address(array):
    return array.ctypes.data_as(c_void_p)


def aligned(source):
    """A C-contiguous copy that starts on 64 bytes, which every library here is faster with."""
    source = np.ascontiguousarray(source)
    memory = np.empty(source.nbytes + 64, np.uint8)
    first = -memory.ctypes.data % 64
    copy = memory[first:first + source.nbytes].view(source.dtype).reshape(source.shape)
    copy[...] = source
    return copy


class Optimizer:
    """A handle that lives as long as the object."""

    def __init__(self, rule, **options):
        self.handle = c_void_p()
        call("optimizer_create", rule, byref(self.handle))
        for name, value in options.items():
            call("optimizer_set", self.handle, name.encode(), value)

    def __del__(self):
        call("optimizer_destroy", self.handle)


class Network:
    """layers: (units, density, activation) each, float32; optimizer: of every layer; rigl: options of a topology, or None."""

    def __init__(self, inputs, layers, batch, threads, optimizer=None, loss=MEAN_SQUARED_ERROR, bias=True, rigl=None, seed=1):
        self.handle, self.inputs, self.layers, self.batch = c_void_p(), inputs, layers, batch
        call("network_create", FLOAT32, inputs, seed, byref(self.handle))
        for number, (units, density, activation) in enumerate(layers, 1):
            call("network_add_linear", self.handle, units, density, activation)
            call("layer_set", self.handle, number, b"bias", float(bias))
        call("network_set_loss", self.handle, loss)
        if optimizer is not None:
            call("network_set_optimizer", self.handle, ALL_LAYERS, optimizer.handle)
        if rigl is not None:
            topology = c_void_p()
            call("topology_create", RIGL, byref(topology))
            for name, value in rigl.items():
                call("topology_set", topology, name.encode(), value)
            call("network_set_topology", self.handle, ALL_LAYERS, topology)
            call("topology_destroy", topology)
        call("network_set_threads", self.handle, threads)
        call("network_build", self.handle, batch)
        self.loss = c_double()

    def __del__(self):
        call("network_destroy", self.handle)

    def add(self, kind, options, inputs):
        """Add a layer of a kind by its number in the header, on the layers with these numbers. Returns its own number."""
        names = (c_char_p * len(options))(*[name.encode() for name in options])
        number = c_int64()
        call("network_add_layer", self.handle, kind, len(inputs), (c_int64 * len(inputs))(*inputs), len(options), names,
             (c_double * len(options))(*options.values()), byref(number))
        return number.value

    def all_parameters(self):
        """A view of the weights and biases of all layers, valid while the network lives."""
        w, dw, count = _FLOATS(), _FLOATS(), c_int64()
        call("network_parameters_f32", self.handle, byref(w), byref(dw), byref(count))
        return np.ctypeslib.as_array(w, (count.value,))

    def get(self, layer, name):
        value = c_double()
        call("layer_get", self.handle, layer, name.encode(), byref(value))
        return value.value

    def parameters(self, layer):
        """Views of a layer's weights, their gradient, its biases (length 0 without), valid while the network lives."""
        w, dw, b, db = _FLOATS(), _FLOATS(), _FLOATS(), _FLOATS()
        connections, units = c_int64(), c_int64()
        call("layer_parameters_f32", self.handle, layer, byref(w), byref(dw), byref(connections), byref(b), byref(db),
             byref(units))
        bias = np.ctypeslib.as_array(b, (units.value,)) if units.value else np.empty(0, np.float32)
        return np.ctypeslib.as_array(w, (connections.value,)), np.ctypeslib.as_array(dw, (connections.value,)), bias

    def pattern(self, layer):
        """row_start (int64), rows, columns (int32) from 0, in the order of the weights."""
        count = c_int64()
        call("layer_pattern", self.handle, layer, 0, 0, None, None, None, byref(count))
        start = np.empty(int(self.get(layer, "units")) + 1, np.int64)
        rows, columns = np.empty(count.value, np.int32), np.empty(count.value, np.int32)
        call("layer_pattern", self.handle, layer, 0, count.value, start.ctypes.data_as(_LONGS), rows.ctypes.data_as(_INTS),
             columns.ctypes.data_as(_INTS), byref(count))
        return start, rows, columns

    def dense_weight(self, layer):
        """The layer's weights as a matrix (units, inputs), and the pattern as one of 0 and 1."""
        _, rows, columns = self.pattern(layer)
        inputs = self.inputs if layer == 1 else self.layers[layer - 2][0]
        weight, mask = (np.zeros((self.layers[layer - 1][0], inputs), np.float32) for _ in range(2))
        weight[rows, columns] = self.parameters(layer)[0]
        mask[rows, columns] = 1
        return weight, mask

    def passes(self, x, dy, y, dx):
        """A call that makes forward, then both gradients."""
        forward, backward, handle, batch = function("network_forward_f32"), function("network_backward_f32"), self.handle, x.shape[0]
        x, dy, y, dx = (address(array) for array in (x, dy, y, dx))

        def run():
            require(forward(handle, x, batch, y) or backward(handle, dy, batch, dx))
        return run

    def step(self, x, target):
        """A call that makes one training step; `loss` has its loss. target: values (float32) or labels (int32)."""
        name = "network_train_step_labels_f32" if target.dtype == np.int32 else "network_train_step_f32"
        train, handle, batch, loss = function(name), self.handle, x.shape[0], byref(self.loss)
        x, target = address(x), address(target)

        def run():
            require(train(handle, x, target, batch, loss))
        return run

    def flops(self, batch, first_dx):
        """Floating-point operations of a step: 2 for a connection, sample and pass."""
        counts = [self.get(layer, "connections") for layer in range(1, len(self.layers) + 1)]
        return 2 * batch * (3 * sum(counts) - (0 if first_dx else counts[0]))
