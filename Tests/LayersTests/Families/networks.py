"""Whole networks."""


def same(filters, activation=1):
    """A convolution with as many places out as in."""
    return (
        "convolution",
        {
            "filters": filters,
            "kernel_width": 3,
            "kernel_height": 3,
            "padding_left": 1,
            "padding_right": 1,
            "padding_top": 1,
            "padding_bottom": 1,
            "activation": activation,
        },
    )


LAYERS = {}

CASES = [
    (
        "u_shape",
        (1, 8, 8),
        [
            same(2, 6),
            ("max_pooling", {"kernel_width": 2, "kernel_height": 2}),
            same(3, 15),
            ("average_pooling", {"kernel_width": 2, "kernel_height": 2}),
            same(3, 6),
            ("upsampling", {"scale_width": 2, "scale_height": 2, "mode": 1}),
            ("concatenation", {}, [6, 3]),
            same(2, 10),
            ("upsampling", {"scale_width": 2, "scale_height": 2}),
            ("concatenation", {}, [9, 1, 0]),
            ("convolution", {"filters": 1}),
        ],
        2,
    ),
]
