"""Layers on sequences, channels x length."""

import torch
import torch.nn.functional as F


def attention(layer, *inputs):
    heads = int(layer.option("heads", 1))
    query, key, value = (x.unflatten(1, (heads, -1)).transpose(2, 3) for x in inputs)  # samples, heads, length, channels
    y = F.scaled_dot_product_attention(query, key, value, is_causal=bool(layer.option("causal", 0)))
    return y.transpose(2, 3).flatten(1, 2)


def embedding(layer, x):
    base = int(layer.option("index_base", 0))
    table = layer.parameter("weight", (int(layer.options["vocabulary"]), int(layer.options["width"])))
    padding = int(layer.option("padding_index", -1))
    numbers = x.long() - base
    return F.embedding(numbers, table, padding_idx=None if padding == -1 else padding - base).transpose(1, 2)


def position(layer, x):
    if layer.option("learned", 1):
        return x + layer.parameter("weight", x.shape[1:])
    width, length = x.shape[1:]
    place = torch.arange(length)
    even = torch.arange(0, width, 2)
    table = torch.zeros(width, length)
    angles = place / torch.pow(10000.0, even[:, None] / width)
    table[0::2] = torch.sin(angles)
    table[1::2] = torch.cos(angles[: width // 2])
    return x + table


LAYERS = {"embedding": (20, embedding), "position": (21, position), "attention": (22, attention)}

CASES = [
    ("attention", (6, 5), [("attention", {"heads": 3}, [0, 0, 0]), ("linear", {"units": 4})]),
    ("embedding", (4,), [("embedding", {"vocabulary": 7, "width": 5}), ("linear", {"units": 3})], 3, (7, 0)),
    (
        "embedding_with_padding",
        (6,),
        [
            ("embedding", {"vocabulary": 5, "width": 4, "index_base": 1, "padding_index": 3}),
            ("position", {}),
            ("attention", {"heads": 2}, [2, 2, 2]),
            ("sum", {}, [2, 3]),
            ("linear", {"units": 3}),
        ],
        5,
        (5, 1),
    ),
    ("sines", (5, 6), [("position", {"learned": 0}), ("linear", {"units": 2, "activation": 6})]),
    ("causal_attention", (4, 9), [("attention", {"heads": 2, "causal": 1}, [0, 0, 0]), ("linear", {"units": 3})]),
]
