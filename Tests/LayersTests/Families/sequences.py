"""Layers on sequences, channels x length."""

import torch.nn.functional as F


def attention(layer, *inputs):
    heads = int(layer.option("heads", 1))
    query, key, value = (x.unflatten(1, (heads, -1)).transpose(2, 3) for x in inputs)  # samples, heads, length, channels
    y = F.scaled_dot_product_attention(query, key, value, is_causal=bool(layer.option("causal", 0)))
    return y.transpose(2, 3).flatten(1, 2)


LAYERS = {"attention": (22, attention)}

CASES = [
    ("attention", (6, 5), [("attention", {"heads": 3}, [0, 0, 0]), ("linear", {"units": 4})]),
    ("causal_attention", (4, 9), [("attention", {"heads": 2, "causal": 1}, [0, 0, 0]), ("linear", {"units": 3})]),
]
