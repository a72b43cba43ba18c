"""Norms. A batch norm's layer.state has the running statistics, so that what is predicted after training is recorded too."""

import torch
import torch.nn.functional as F


def affine(layer, count):
    if not layer.option("affine", 1):
        return None, None
    return layer.parameter("weight", (count,)), layer.parameter("bias", (count,))


def batch_norm(layer, x):
    channels = x.shape[1]
    weight, bias = affine(layer, channels)
    mean = layer.state.setdefault("running_mean", torch.zeros(channels))
    variance = layer.state.setdefault("running_variance", torch.ones(channels))
    return F.batch_norm(
        x, mean, variance, weight, bias, layer.network.training, layer.option("momentum", 0.1), layer.option("epsilon", 1e-5)
    )


def layer_norm(layer, x):
    epsilon = layer.option("epsilon", 1e-5)
    if layer.option("per_place", 0):
        weight, bias = affine(layer, x.shape[1])
        return F.layer_norm(x.movedim(1, -1), (x.shape[1],), weight, bias, epsilon).movedim(-1, 1)
    weight, bias = affine(layer, x[0].numel())
    shape = x.shape[1:]
    parameters = [None if p is None else p.reshape(shape) for p in (weight, bias)]
    return F.layer_norm(x, shape, *parameters, epsilon)


def group_norm(layer, x):
    weight, bias = affine(layer, x.shape[1])
    return F.group_norm(x, int(layer.option("groups", 1)), weight, bias, layer.option("epsilon", 1e-5))


LAYERS = {
    "batch_norm": (16, batch_norm),
    "layer_norm": (17, layer_norm),
    "group_norm": (18, group_norm),
}

# What a norm's weights and biases get from the formula is near 0 or below it, which is as good as any other number.
ENDS = [("linear", {"units": 3})]
CASES = [
    ("batch_vector", (5,), [("linear", {"units": 6, "activation": 6}), ("batch_norm", {})] + ENDS),
    ("batch_momentum", (5,), [("batch_norm", {"momentum": 0.4, "epsilon": 0.01})] + ENDS),
    ("batch_momentum_1", (4,), [("batch_norm", {"momentum": 1, "affine": 0})] + ENDS),
    ("batch_1d", (3, 7), [("batch_norm", {}), *ENDS]),
    ("batch_2d", (4, 3, 5), [("batch_norm", {}), ("batch_norm", {"affine": 0}), *ENDS]),
    ("batch_3d", (2, 2, 3, 4), [("batch_norm", {"momentum": 0}), *ENDS]),
    ("layer_vector", (6,), [("linear", {"units": 9}), ("layer_norm", {}), ("linear", {"units": 2})]),
    ("layer_field", (3, 4, 2), [("layer_norm", {"epsilon": 0.001}), *ENDS]),
    ("layer_sequence", (8, 5), [("layer_norm", {"per_place": 1}), *ENDS]),
    ("layer_places", (4, 2, 3), [("layer_norm", {"per_place": 1, "affine": 0}), *ENDS]),
    ("group_vector", (6,), [("group_norm", {"groups": 3}), *ENDS]),
    ("group_field", (6, 4, 3), [("group_norm", {"groups": 2}), *ENDS]),
    ("group_instance", (4, 7), [("group_norm", {"groups": 4, "affine": 0}), *ENDS]),
    ("group_one", (4, 2, 2, 2), [("group_norm", {}), *ENDS]),
    (
        "residual_norm",
        (6,),
        [
            ("linear", {"units": 6, "activation": 6}),
            ("batch_norm", {}),
            ("sum", {}, [0, 2]),
            ("layer_norm", {}),
            ("sum", {}, [4, 2]),
            ("linear", {"units": 2}),
        ],
    ),
]
