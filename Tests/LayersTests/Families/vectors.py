"""Layers on vectors: linear layers, and what joins them."""

import torch
import torch.nn.functional as F

ACTIVATIONS = [
    lambda z, layer: z,
    lambda z, layer: F.relu(z),
    lambda z, layer: F.leaky_relu(z, layer.option("negative_slope", 0.01)),
    lambda z, layer: F.gelu(z),
    lambda z, layer: F.silu(z),
    lambda z, layer: torch.sigmoid(z),
    lambda z, layer: torch.tanh(z),
    lambda z, layer: torch.softmax(z, 1),
    lambda z, layer: F.softplus(z),
    lambda z, layer: F.softsign(z),
    lambda z, layer: F.elu(z, layer.option("alpha", 1.0)),
    lambda z, layer: F.celu(z, layer.option("alpha", 1.0)),
    lambda z, layer: F.relu6(z + 3) / 6,  # hardsigmoid, whose derivative is a sixth in single precision
    lambda z, layer: F.hardtanh(z),
    lambda z, layer: F.relu6(z),
    lambda z, layer: F.mish(z),
    lambda z, layer: torch.heaviside(z.detach(), torch.zeros(())) + 0 * z,
]


def activate(layer, z):
    return ACTIVATIONS[int(layer.option("activation", 0))](z, layer)


def linear(layer, x):
    x = x.flatten(1)
    units = int(layer.option("units", 1))
    weight = layer.parameter("weight", (units, x.shape[1]))
    bias = layer.parameter("bias", (units,)) if layer.option("bias", 1) else None
    return activate(layer, F.linear(x, weight, bias))


LAYERS = {
    "linear": (0, linear),
    "sum": (2, lambda layer, *x: sum(x[1:], x[0])),
    "concatenation": (3, lambda layer, *x: torch.cat(x, 1)),
}

CASES = [
    (
        f"activation_{number}",
        (5,),
        [("linear", {"units": 4, "activation": number}), ("linear", {"units": 3})],
    )
    for number in range(len(ACTIVATIONS))
] + [
    (
        "residual",
        (6,),
        [
            ("linear", {"units": 6, "activation": 6}),
            ("sum", {}, [0, 1]),
            ("linear", {"units": 4, "activation": 5, "bias": 0}),
            ("concatenation", {}, [3, 2, 0]),
            ("linear", {"units": 2}),
        ],
    ),
]
