"""Locally connected layers, of windows that are unfolded and met with weights of their own at each place."""

import torch
import torch.nn.functional as F

from Families.convolutions import MODES, NAMES, SIDES, lengths, same
from Families.vectors import activate


def locally_connected(layer, x):
    dimensions = x.dim() - 2
    filters, groups = int(layer.option("filters", 1)), int(layer.option("groups", 1))
    kernel, stride, dilation = (lengths(layer, name, dimensions, 1) for name in ("kernel", "stride", "dilation"))
    for place, name in enumerate(reversed(NAMES[-dimensions:])):
        sides = [int(layer.option(f"padding_{side}", 0)) for side in SIDES[name]]
        if sides != [0, 0]:
            padding = [0] * (2 * place) + sides + [0] * (2 * (dimensions - place - 1))
            x = F.pad(x, padding, MODES[int(layer.option(f"padding_mode_{name}", 0))])
    for d in range(dimensions):
        x = x.unfold(d + 2, (kernel[d] - 1) * dilation[d] + 1, stride[d])[..., :: dilation[d]]
    places = x.shape[2 : 2 + dimensions]
    channels = x.shape[1] // groups
    windows = x.reshape(x.shape[0], groups, channels, *x.shape[2:])
    weight = layer.parameter("weight", (filters, *places, channels, *kernel))
    weight = weight.reshape(groups, filters // groups, *weight.shape[1:])
    out, within = "hij"[:dimensions], "xyz"[:dimensions]
    z = torch.einsum(f"ngc{out}{within},gf{out}c{within}->ngf{out}", windows, weight).flatten(1, 2)
    if layer.option("bias", 1):
        z = z + layer.parameter("bias", (filters, *places))
    return activate(layer, z)


LAYERS = {"locally_connected": (6, locally_connected)}

CASES = [
    (f"local_{MODES[mode]}", (1, 3, 3), [
        ("locally_connected", {"filters": 2, "activation": 6, **same(3, "height", "width", mode=mode)}),
        ("locally_connected", {"filters": 1, **same(3, "width", mode=mode)}),
    ])
    for mode in range(4)
] + [
    ("local_line", (3, 8), [
        ("locally_connected", {"filters": 4, "kernel_width": 3, "stride_width": 2, "padding_left": 2, "padding_right": 1,
                               "activation": 4}),
        ("locally_connected", {"filters": 2, "kernel_width": 2, "dilation_width": 2, "bias": 0}),
    ]),
    ("local_groups", (4, 3, 4), [
        ("locally_connected", {"filters": 4, "groups": 2, "kernel_height": 2, "kernel_width": 2,
                               "padding_right": 1, "dilation_width": 2, "activation": 3}),
        ("locally_connected", {"filters": 2, "kernel_height": 2, "kernel_width": 2}),
    ]),
    ("local_globe", (1, 3, 4), [
        ("locally_connected", {"filters": 2, "activation": 1, **same(3, "width", mode=1), **same(3, "height", mode=3)}),
        ("convolution", {"filters": 1, "kernel_height": 3, "kernel_width": 4}),
    ]),
    ("local_cube", (1, 3, 2, 3), [
        ("locally_connected", {"filters": 2, "kernel_depth": 2, "kernel_height": 2, "kernel_width": 2, "padding_left": 1,
                               "stride_width": 2, "activation": 5}),
    ]),
    ("local_point", (1, 1), [("locally_connected", {"filters": 1})]),
]


def verify(network_type):
    """With the same weights at every place it is PyTorch's convolution."""
    options = {"filters": 4, "groups": 2, "stride_width": 2, "dilation_height": 2, **same(3, "height", "width")}
    x = torch.randn(2, 4, 6, 7)
    weight, bias = torch.randn(4, 2, 3, 3), torch.randn(4)
    z = F.conv2d(x, weight, bias, stride=(1, 2), padding=1, dilation=(2, 1), groups=2)
    network = network_type(LAYERS, [("locally_connected", options)])
    layer = network.layers[0][1]
    places = z.shape[2:]
    layer.parameters["weight"] = weight.reshape(4, 1, 1, 2, 3, 3).expand(4, *places, 2, 3, 3)
    layer.parameters["bias"] = bias.reshape(4, 1, 1).expand(4, *places)
    torch.testing.assert_close(network(x), z, rtol=1e-12, atol=1e-12)
