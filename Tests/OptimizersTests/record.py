"""Record what PyTorch's optimizers, schedulers and gradient clipping do, for the tests beside this file.

    pip install torch        (recorded with 2.13, CPU)
    python record.py         (writes Recorded/pytorch.json)

Weights, gradients and their zeroes follow formulas in small dyadic fractions, exact in float32 and float64 alike, which
Recorded.swift repeats. So only settings and trajectories are stored: float64, single-tensor implementations, 50 steps, the
learning rate changed to `secondRate` after step 25, every fifth step kept.
"""

import json
import pathlib

import torch

STEPS, CHANGE, EVERY = 50, 25, 5
SIZES = (19, 3)  # a weight and a bias

# PyTorch's names where ours differ.
RENAME = {"learning_rate": "lr", "epsilon": "eps", "initial_accumulator": "initial_accumulator_value"}
RULES = {
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
FLAGS = {"nesterov", "centered", "amsgrad"}

# rule, options, second_rate, whether the bias has a zero gradient
SETTINGS = [
    ("sgd", {}, 0.0004, False),
    ("sgd", {"learning_rate": 0.1}, 0.02, True),
    ("sgd", {"learning_rate": 0.05, "momentum": 0.9}, 0.01, True),
    ("sgd", {"learning_rate": 0.05, "momentum": 0.8, "dampening": 0.3}, 0.07, False),
    ("sgd", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": 1}, 0.01, False),
    ("sgd", {"learning_rate": 0.05, "weight_decay": 0.1}, 0.01, True),
    ("sgd", {"learning_rate": 0.02, "momentum": 0.9, "nesterov": 1, "weight_decay": 0.05}, 0.005, False),
    ("rmsprop", {}, 0.002, True),
    ("rmsprop", {"learning_rate": 0.005, "momentum": 0.9}, 0.001, False),
    ("rmsprop", {"alpha": 0.9, "centered": 1}, 0.003, False),
    ("rmsprop", {"alpha": 0.3, "centered": 1, "epsilon": 0.01}, 0.003, False),
    ("rmsprop", {"weight_decay": 0.1, "epsilon": 1e-6}, 0.02, False),
    ("rmsprop", {"learning_rate": 0.003, "momentum": 0.5, "centered": 1, "weight_decay": 0.01}, 0.001, True),
    ("adagrad", {}, 0.05, True),
    ("adagrad", {"learning_rate": 0.1, "lr_decay": 0.05}, 0.02, False),
    ("adagrad", {"learning_rate": 0.1, "initial_accumulator": 0.5}, 0.02, True),
    ("adagrad", {"learning_rate": 0.05, "weight_decay": 0.1, "epsilon": 1e-6}, 0.01, False),
    ("adam", {}, 0.0003, True),
    ("adam", {"learning_rate": 0.02, "weight_decay": 0.1}, 0.005, False),
    ("adam", {"learning_rate": 0.02, "amsgrad": 1}, 0.005, True),
    ("adam", {"learning_rate": 0.02, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-4}, 0.005, False),
    ("adam", {"learning_rate": 0.02, "beta1": 0.3, "beta2": 0.99}, 0.005, False),
    ("adam", {"learning_rate": 0.02, "beta1": 0.0}, 0.03, False),
    ("adamw", {}, 0.0003, False),
    ("adamw", {"learning_rate": 0.02, "weight_decay": 0.3}, 0.005, True),
    ("adamw", {"learning_rate": 0.02, "amsgrad": 1, "weight_decay": 0.1}, 0.005, False),
]


def start(parameter):
    return torch.tensor([((29 * i + 17 * parameter) % 41 - 20) / 16 for i in range(SIZES[parameter])], dtype=torch.float64)


def gradient(parameter, step, zero_bias):
    if zero_bias and parameter == 1:
        return torch.zeros(SIZES[1], dtype=torch.float64)
    return torch.tensor(
        [((37 * i + 101 * step + 53 * parameter) % 61 - 27) / 32 for i in range(SIZES[parameter])], dtype=torch.float64
    )


def torch_options(options):
    result = {RENAME.get(k, k): bool(v) if k in FLAGS else v for k, v in options.items()}
    if "beta1" in result or "beta2" in result:
        result["betas"] = (result.pop("beta1", 0.9), result.pop("beta2", 0.999))
    return result


def trajectory(rule, options, second_rate, zero_bias):
    parameters = [torch.nn.Parameter(start(p)) for p in range(2)]
    single = {"foreach": False} if rule == "rmsprop" else {"foreach": False, "fused": False}
    optimizer = RULES[rule](parameters, **torch_options(options), **single)
    kept = []
    for step in range(1, STEPS + 1):
        for p in range(2):
            parameters[p].grad = gradient(p, step, zero_bias)
        optimizer.step()
        if step == CHANGE:
            optimizer.param_groups[0]["lr"] = second_rate
        if step % EVERY == 0:
            kept.append([x for p in parameters for x in p.tolist()])
    return {"rule": rule, "options": options, "secondRate": second_rate, "zeroBias": zero_bias, "values": kept}


def rates(options, make):
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    optimizer = torch.optim.SGD([parameter], lr=options["learning_rate"])
    schedulers = make(optimizer)
    kept = []
    for _ in range(STEPS):
        kept.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return {"options": options, "rates": kept}


def schedules():
    s = torch.optim.lr_scheduler
    warm = lambda o: s.LinearLR(o, start_factor=1 / 3, total_iters=10)
    return [
        rates({"learning_rate": 0.3}, lambda o: []),
        rates({"learning_rate": 0.3, "schedule": 1, "step_size": 7, "gamma": 0.5}, lambda o: [s.StepLR(o, 7, 0.5)]),
        rates({"learning_rate": 0.3, "schedule": 1, "step_size": 10}, lambda o: [s.StepLR(o, 10)]),
        rates({"learning_rate": 0.3, "schedule": 2, "gamma": 0.93}, lambda o: [s.ExponentialLR(o, 0.93)]),
        rates(
            {"learning_rate": 0.3, "schedule": 3, "period": 50, "minimum_rate": 0.01},
            lambda o: [s.CosineAnnealingLR(o, 50, 0.01)],
        ),
        rates({"learning_rate": 0.3, "warmup": 10}, lambda o: [warm(o)]),
        rates({"learning_rate": 0.3, "warmup": 20, "warmup_start": 0.05}, lambda o: [s.LinearLR(o, 0.05, total_iters=20)]),
        rates(
            {"learning_rate": 0.3, "schedule": 1, "step_size": 7, "gamma": 0.5, "warmup": 10},
            lambda o: [s.StepLR(o, 7, 0.5), warm(o)],
        ),
    ]


def clip(limit):
    parameters = [torch.nn.Parameter(start(p)) for p in range(2)]
    for p in range(2):
        parameters[p].grad = gradient(p, 1, False)
    norm = torch.nn.utils.clip_grad_norm_(parameters, limit, foreach=False)
    return {"limit": limit, "norm": norm.item(), "clipped": [x for p in parameters for x in p.grad.tolist()]}


def main():
    recorded = {
        "torch": torch.__version__.split("+")[0],
        "trajectories": [trajectory(*setting) for setting in SETTINGS],
        "schedules": schedules(),
        "clips": [clip(0.5), clip(100.0)],
    }
    path = pathlib.Path(__file__).parent / "Recorded" / "pytorch.json"
    path.parent.mkdir(exist_ok=True)
    lines = json.dumps(recorded, separators=(",", ":")).replace('{"rule"', '\n{"rule"').replace('{"options"', '\n{"options"')
    path.write_text(lines.replace('"clips"', '\n"clips"') + "\n")


if __name__ == "__main__":
    main()
