"""Networks with inputs beside the first."""


def further(layer):
    if "input" not in layer.state:
        shape = [int(layer.options["channels"])]
        shape += [int(layer.options[name]) for name in ("depth", "height", "width") if layer.options.get(name)]
        count = 1
        for length in shape:
            count *= length
        values = layer.network.further(count)
        layer.state["input"] = values.reshape(layer.network.batch, *shape)
    return layer.state["input"]


LAYERS = {"input": (23, further)}

CASES = [
    (
        "two_vectors",
        (4,),
        [
            ("linear", {"units": 5, "activation": 6}),
            ("input", {"channels": 3}, []),
            ("linear", {"units": 5, "activation": 6}),
            ("product", {}, [1, 3]),
            ("concatenation", {}, [4, 2, 0]),
            ("linear", {"units": 2}),
        ],
        5,
    ),
    (
        "a_field_and_a_vector",
        (2, 5, 4),
        [
            ("convolution", {"filters": 3, "kernel_width": 3, "kernel_height": 2, "activation": 6}),
            ("input", {"channels": 4}, []),
            ("linear", {"units": 24, "activation": 6}),
            ("reshape", {"channels": 3, "height": 4, "width": 2}),
            ("sum", {}, [1, 4]),
            ("input", {"channels": 1, "height": 4, "width": 2}, []),
            ("concatenation", {}, [5, 6, 6]),
            ("convolution", {"filters": 2, "kernel_width": 2, "kernel_height": 2}),
        ],
        3,
    ),
]
