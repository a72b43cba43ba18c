"""Whole networks."""


def same(filters, activation=1, **options):
    """A convolution with as many places out as in, if its stride is 1."""
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
            **options,
        },
    )


RELU = ("activation", {"activation": 1})
HALF = {"stride_width": 2, "stride_height": 2, "bias": 0}


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
    (
        # He et al. 2015 in small: a stem, a block, and a block that halves the field, whose shortcut is a convolution of one place.
        "residual",
        (2, 8, 8),
        [
            same(4, 0, bias=0),
            ("batch_norm", {}),
            RELU,
            same(4, 0, bias=0),
            ("batch_norm", {}),
            RELU,
            same(4, 0, bias=0),
            ("batch_norm", {}),
            ("sum", {}, [8, 3]),
            RELU,
            same(6, 0, **HALF),
            ("batch_norm", {}),
            RELU,
            same(6, 0, bias=0),
            ("batch_norm", {}),
            ("convolution", {"filters": 6, **HALF}, [10]),
            ("batch_norm", {}),
            ("sum", {}, [15, 17]),
            RELU,
            ("global_average_pooling", {}),
            ("linear", {"units": 3}),
        ],
        4,
    ),
]
