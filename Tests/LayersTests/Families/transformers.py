"""Layers of a transformer put together, held against PyTorch's own before they are recorded."""

import torch

from Families import convolutions, norms, sequences, vectors

LAYERS = {}
KINDS = {**convolutions.LAYERS, **norms.LAYERS, **sequences.LAYERS, **vectors.LAYERS}
WIDTH, HEADS, FORWARD, LENGTH = 6, 2, 8, 4


def attend(source, first, causal=0):
    """Self-attention with its four maps; `first` is the number of the first of five layers."""
    return [("convolution", {"filters": WIDTH}, [source])] * 3 + [
        ("attention", {"heads": HEADS, "causal": causal}, [first, first + 1, first + 2]),
        ("convolution", {"filters": WIDTH}),
    ]


NORM = ("layer_norm", {"per_place": 1})
MAPS = [("convolution", {"filters": FORWARD, "activation": 1}), ("convolution", {"filters": WIDTH})]
POST = attend(0, 1) + [("sum", {}, [0, 5]), NORM, *MAPS, ("sum", {}, [7, 9]), NORM]
PRE = [NORM, *attend(1, 2, causal=1), ("sum", {}, [0, 6]), NORM, *MAPS, ("sum", {}, [7, 10])]
CROSS = [
    ("convolution", {"filters": WIDTH}, [0]),
    ("convolution", {"filters": WIDTH, "kernel_width": 2, "stride_width": 2}, [0]),
    ("convolution", {"filters": WIDTH, "kernel_width": 2, "stride_width": 2}, [0]),
    ("attention", {"heads": HEADS}, [1, 2, 3]),
    ("convolution", {"filters": WIDTH}),
]

CASES = [
    ("encoder_layer", (WIDTH, LENGTH), POST),
    ("encoder_layer_norm_first_causal", (WIDTH, LENGTH), PRE),
    ("cross_attention", (5, LENGTH), CROSS),
]


def check(network_type, layers, norm_first):
    """Whether a list of layers computes what torch.nn.TransformerEncoderLayer does with the same parameters."""
    network = network_type(KINDS, layers)
    x = torch.linspace(-1, 1, 2 * WIDTH * LENGTH).reshape(2, WIDTH, LENGTH).sin()
    got = network(x)
    theirs = torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, FORWARD, dropout=0, batch_first=True, norm_first=norm_first, dtype=torch.float64)
    maps = [layer.parameters for kind, layer, _ in network.layers if kind == "convolution"]
    scales = [layer.parameters for kind, layer, _ in network.layers if kind == "layer_norm"]
    with torch.no_grad():
        attention = theirs.self_attn
        attention.in_proj_weight.copy_(torch.cat([m["weight"][:, :, 0] for m in maps[:3]]))
        attention.in_proj_bias.copy_(torch.cat([m["bias"] for m in maps[:3]]))
        for module, m in zip([attention.out_proj, theirs.linear1, theirs.linear2], maps[3:]):
            module.weight.copy_(m["weight"][:, :, 0])
            module.bias.copy_(m["bias"])
        for module, m in zip([theirs.norm1, theirs.norm2], scales):
            module.weight.copy_(m["weight"])
            module.bias.copy_(m["bias"])
    mask = torch.nn.Transformer.generate_square_subsequent_mask(LENGTH, dtype=torch.float64) if norm_first else None
    wanted = theirs(x.transpose(1, 2), src_mask=mask).transpose(1, 2)
    assert (got - wanted).abs().max() < 1e-14, (got - wanted).abs().max()


def verify(network_type):
    check(network_type, POST, False)
    check(network_type, PRE, True)
