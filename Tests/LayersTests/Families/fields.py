"""Layers on fields, layers that change the shape or the order of values, and activations by themselves."""

import torch
import torch.nn.functional as F

from Families.vectors import activate

NAMES = ("depth", "height", "width")
SIDES = {"depth": ("front", "back"), "height": ("top", "bottom"), "width": ("left", "right")}


def dimensions(x):
    """Names of a field's dimensions, the slowest first."""
    return NAMES[5 - x.dim() :]


def each(layer, x, what, default):
    return [int(layer.option(f"{what}_{name}", default)) for name in dimensions(x)]


def window(layer, x):
    kernel = each(layer, x, "kernel", 1)
    stride = [s or k for s, k in zip(each(layer, x, "stride", 0), kernel)]
    sides = [int(layer.option(f"padding_{side}", 0)) for name in reversed(dimensions(x)) for side in SIDES[name]]
    return kernel, stride, sides


def max_pooling(layer, x):
    kernel, stride, sides = window(layer, x)
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[x.dim() - 3]
    return pool(F.pad(x, sides, value=-torch.inf), kernel, stride, 0, each(layer, x, "dilation", 1))


def average_pooling(layer, x):
    kernel, stride, sides = window(layer, x)
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.dim() - 3]
    if sides[0::2] == sides[1::2]:
        return pool(x, kernel, stride, sides[::-2], False, bool(layer.option("count_include_pad", 1)))
    sums = pool(F.pad(x, sides), kernel, stride)  # sides that differ
    return sums if layer.option("count_include_pad", 1) else sums / pool(F.pad(torch.ones_like(x), sides), kernel, stride)


def upsampling(layer, x):
    scale = [float(s) for s in each(layer, x, "scale", 1)]
    if not layer.option("mode", 0):
        return F.interpolate(x, scale_factor=scale, mode="nearest")
    mode = ("linear", "bilinear", "trilinear")[x.dim() - 3]
    return F.interpolate(x, scale_factor=scale, mode=mode, align_corners=bool(layer.option("align_corners", 0)))


def reshape(layer, x):
    extents = [int(layer.option(name, 0)) for name in NAMES]
    return x.reshape(x.shape[0], int(layer.option("channels", 0)) or -1, *(e for e in extents if e))


def permute(layer, x):
    names = ("channels", *dimensions(x))
    numbers = ("channels", "width", "height", "depth")
    order = [names.index(numbers[int(layer.option(f"dimension_{name}", numbers.index(name)))]) for name in names]
    return x.permute(0, *(place + 1 for place in order))


def slice(layer, x):
    dimension = 1 + ("channels", *dimensions(x)).index(("channels", "width", "height", "depth")[int(layer.option("dimension", 0))])
    first, last = int(layer.option("first", 1)), int(layer.option("last", 0)) or x.shape[dimension]
    return x.narrow(dimension, first - 1, last - first + 1)


def product(layer, *inputs):
    result = inputs[0]
    for x in inputs[1:]:
        result = result * x
    return result


LAYERS = {
    "max_pooling": (7, max_pooling),
    "average_pooling": (8, average_pooling),
    "global_average_pooling": (9, lambda layer, x: x.flatten(2).mean(2)),
    "upsampling": (10, upsampling),
    "reshape": (11, reshape),
    "permute": (12, permute),
    "product": (13, product),
    "slice": (14, slice),
    "activation": (15, lambda layer, x: activate(layer, x)),
}

END = ("linear", {"units": 2})


def on(name, shape, kind, options):
    """A layer behind a linear one, so that its dx matters, and before one."""
    values = torch.Size(shape).numel()
    lengths = dict(zip(reversed(NAMES), map(float, reversed(shape[1:]))), channels=float(shape[0]))
    return (name, (3,), [("linear", {"units": values}), ("reshape", lengths), (kind, options), END])


CASES = [
    on("max_pooling_1d", (2, 9), "max_pooling", {"kernel_width": 3, "stride_width": 2, "padding_left": 1}),
    on(
        "max_pooling_2d",
        (2, 5, 6),
        "max_pooling",
        {"kernel_width": 3, "kernel_height": 2, "stride_width": 1, "padding_right": 1, "padding_top": 1, "dilation_height": 2},
    ),
    on("max_pooling_3d", (1, 4, 3, 4), "max_pooling", {"kernel_width": 2, "kernel_height": 3, "kernel_depth": 2}),
    on("average_pooling_1d", (2, 7), "average_pooling", {"kernel_width": 4, "stride_width": 3, "padding_left": 2, "padding_right": 1}),
    on(
        "average_pooling_2d",
        (2, 5, 4),
        "average_pooling",
        {"kernel_width": 2, "kernel_height": 3, "padding_left": 1, "padding_right": 1, "padding_top": 1, "padding_bottom": 1},
    ),
    on(
        "average_pooling_without_padding",
        (2, 5, 4),
        "average_pooling",
        {
            "kernel_width": 3,
            "kernel_height": 3,
            "stride_width": 2,
            "stride_height": 1,
            "padding_left": 1,
            "padding_right": 1,
            "padding_top": 1,
            "padding_bottom": 1,
            "count_include_pad": 0,
        },
    ),
    on("average_pooling_3d", (1, 3, 4, 3), "average_pooling", {"kernel_width": 2, "kernel_height": 2, "kernel_depth": 3}),
    on("global_average_pooling", (3, 4, 5), "global_average_pooling", {}),
    on("nearest_2d", (2, 3, 2), "upsampling", {"scale_width": 3, "scale_height": 2}),
    on("linear_1d", (2, 5), "upsampling", {"scale_width": 3, "mode": 1}),
    on("bilinear", (2, 3, 4), "upsampling", {"scale_width": 2, "scale_height": 3, "mode": 1}),
    on("bilinear_aligned", (2, 3, 4), "upsampling", {"scale_width": 2, "scale_height": 3, "mode": 1, "align_corners": 1}),
    on("trilinear", (1, 2, 3, 2), "upsampling", {"scale_width": 2, "scale_height": 2, "scale_depth": 3, "mode": 1}),
    on("permute", (2, 3, 4), "permute", {"dimension_channels": 1, "dimension_width": 2, "dimension_height": 0}),
    on("slice_channels", (5, 2, 2), "slice", {"first": 2, "last": 3}),
    on("slice_height", (2, 5, 3), "slice", {"dimension": 2, "first": 3}),
    (
        "product",
        (4,),
        [("linear", {"units": 3}), ("linear", {"units": 3}, [0]), ("product", {}, [1, 2, 1]), ("linear", {"units": 2})],
    ),
] + [
    (
        f"activation_layer_{number}",
        (6,),
        [
            ("reshape", {"channels": 3, "width": 2}),
            ("activation", {"activation": number, "negative_slope": 0.25, "alpha": 0.75}),
            END,
        ],
    )
    for number in range(17)
]
