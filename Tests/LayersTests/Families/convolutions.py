"""Convolutions and transposed convolutions of one, two and three dimensions."""

import torch
import torch.nn.functional as F

from Families.vectors import activate

NAMES = ["depth", "height", "width"]
SIDES = {"depth": ("front", "back"), "height": ("top", "bottom"), "width": ("left", "right")}
MODES = ["constant", "circular", "reflect", "replicate"]
CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def lengths(layer, name, dimensions, default):
    return [int(layer.option(f"{name}_{d}", default)) for d in NAMES[-dimensions:]]


def convolution(layer, x):
    dimensions = x.dim() - 2
    filters, groups = int(layer.option("filters", 1)), int(layer.option("groups", 1))
    kernel = lengths(layer, "kernel", dimensions, 1)
    # One dimension at a time, the last one first, as F.pad counts them.
    for place, name in enumerate(reversed(NAMES[-dimensions:])):
        sides = [int(layer.option(f"padding_{side}", 0)) for side in SIDES[name]]
        if sides != [0, 0]:
            padding = [0] * (2 * place) + sides + [0] * (2 * (dimensions - place - 1))
            x = F.pad(x, padding, MODES[int(layer.option(f"padding_mode_{name}", 0))])
    weight = layer.parameter("weight", (filters, x.shape[1] // groups, *kernel))
    bias = layer.parameter("bias", (filters,)) if layer.option("bias", 1) else None
    z = CONVOLVE[dimensions](
        x, weight, bias, stride=lengths(layer, "stride", dimensions, 1), dilation=lengths(layer, "dilation", dimensions, 1),
        groups=groups)
    return activate(layer, z)


def transposed_convolution(layer, x):
    dimensions = x.dim() - 2
    filters, groups = int(layer.option("filters", 1)), int(layer.option("groups", 1))
    weight = layer.parameter("weight", (x.shape[1], filters // groups, *lengths(layer, "kernel", dimensions, 1)))
    bias = layer.parameter("bias", (filters,)) if layer.option("bias", 1) else None
    padding = [int(layer.option(f"padding_{SIDES[d][0]}", 0)) for d in NAMES[-dimensions:]]
    z = TRANSPOSE[dimensions](
        x, weight, bias, stride=lengths(layer, "stride", dimensions, 1), padding=padding,
        output_padding=lengths(layer, "output_padding", dimensions, 0), groups=groups,
        dilation=lengths(layer, "dilation", dimensions, 1))
    return activate(layer, z)


LAYERS = {"convolution": (4, convolution), "transposed_convolution": (5, transposed_convolution)}


def same(kernel, *names, mode=0):
    """A kernel of odd length with as many places out as in, for each of some dimensions."""
    options = {}
    for name in names:
        before, after = SIDES[name]
        options |= {f"kernel_{name}": kernel, f"padding_{before}": kernel // 2, f"padding_{after}": kernel // 2}
        if mode:
            options[f"padding_mode_{name}"] = mode
    return options


CASES = [
    (f"padding_{MODES[mode]}", (2, 4, 5), [
        ("convolution", {"filters": 3, "activation": 6, **same(3, "height", "width", mode=mode)}),
        ("convolution", {"filters": 2, **same(3, "width", mode=mode)}),
    ])
    for mode in range(4)
] + [
    ("line", (3, 8), [
        ("convolution", {"filters": 4, "kernel_width": 3, "stride_width": 2, "padding_left": 2, "padding_right": 1, "activation": 4}),
        ("convolution", {"filters": 2, "kernel_width": 2, "dilation_width": 2, "bias": 0}),
    ]),
    ("groups", (4, 5, 6), [
        ("convolution", {"filters": 4, "groups": 4, "activation": 3, **same(3, "height", "width")}),
        ("convolution", {"filters": 6, "groups": 2, "kernel_height": 2, "stride_height": 2, "kernel_width": 3, "stride_width": 3}),
    ]),
    ("globe", (2, 4, 6), [
        ("convolution", {"filters": 2, "activation": 1, **same(3, "width", mode=1), **same(3, "height", mode=3)}),
    ]),
    ("space", (2, 3, 4, 3), [
        ("convolution", {"filters": 2, "activation": 5, **same(3, "depth", mode=1), **same(3, "width"), "kernel_height": 2}),
        ("convolution", {"filters": 2, "kernel_depth": 3, "stride_height": 2, "kernel_width": 2}),
    ]),
    ("transposed", (3, 3, 4), [
        ("transposed_convolution", {
            "filters": 2, "kernel_height": 3, "kernel_width": 3, "stride_height": 2, "stride_width": 2, "padding_top": 1,
            "padding_bottom": 1, "padding_left": 1, "padding_right": 1, "output_padding_width": 1, "activation": 6}),
        ("transposed_convolution", {"filters": 2, "kernel_width": 2}),
    ]),
    ("transposed_line", (4, 4), [
        ("transposed_convolution", {
            "filters": 6, "groups": 2, "kernel_width": 3, "dilation_width": 2, "stride_width": 3, "padding_left": 1,
            "padding_right": 1, "output_padding_width": 2, "activation": 2}),
        ("convolution", {"filters": 2, "kernel_width": 4, "stride_width": 4}),
    ]),
    ("transposed_space", (2, 2, 2, 3), [
        ("transposed_convolution", {"filters": 2, "kernel_depth": 2, "stride_depth": 2, "kernel_height": 2, "kernel_width": 2}),
    ]),
]
