"""Record what PyTorch's layers compute, for Tests/ABI/recorded.c.

    pip install torch               (recorded with 2.15, CPU)
    python record.py [family...]    (writes Recorded/FAMILY.txt for each module in Families)

A module in Families has LAYERS, kinds of layers by name, and CASES, networks of layers of any family. A kind is its number in
include/espalier.h and a function that applies it: `function(layer, x, ...)`, in which `layer.option(name, default)` is an
option, `layer.parameter(name, shape)` a parameter, in the order in which the library has them, and `layer.state` a dictionary
that lasts from pass to pass, `layer.network.training` whether the pass is one of training, and `layer.network.further(count)` the
values of an input beside the first, of so many features. A case is a name, the shape of a sample
and a list of layers, each its kind, its options, and the numbers of the layers that it takes from (0 is the input) where that is not
the layer before it. Then may come the samples of a batch, and how many classes there are and the number of the first: the samples are
class numbers then. A module may have a function `verify(Network)`, which holds its cases against PyTorch's own modules first.

Parameters, samples, targets and the gradient of the outputs follow a formula in dyadic fractions, which recorded.c repeats. So
only results are stored: the outputs of a forward pass in training, the gradients of its parameters and of its input for the
gradient of the outputs, those of its other inputs after those of the first, then the losses (mean squared error) and the parameters after 20 steps of SGD with momentum, and what
a network with such state predicts then. All in float64.
"""

import importlib
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).parent
STEPS, RATE, MOMENTUM = 20, 0.03125, 0.5
PARAMETERS, SAMPLES, GRADIENT, TARGETS, FURTHER = 1, 2, 3, 4, 5  # which array the formula is for


def numbers(count, array, first=0):
    """Values number `first` .. of an array, in (-0.8, 0.8)."""
    places = torch.arange(first, first + count, dtype=torch.int64)
    return ((places * 37 + array * 11) % 101 - 50).to(torch.float64) / 64


class Layer:
    def __init__(self, network, options):
        self.network, self.options = network, options
        self.parameters, self.state = {}, {}

    def option(self, name, default):
        return self.options.get(name, default)

    def parameter(self, name, shape):
        if name not in self.parameters:
            count = torch.Size(shape).numel()
            values = numbers(count, PARAMETERS, self.network.count).reshape(shape).requires_grad_()
            self.network.count += count
            self.network.parameters.append(values)
            self.parameters[name] = values
        return self.parameters[name]


class Network:
    def __init__(self, kinds, layers, batch=1):
        self.batch, self.inputs = batch, []
        self.kinds, self.count, self.parameters, self.training = kinds, 0, [], True
        self.layers = []
        for position, (kind, options, *inputs) in enumerate(layers):
            self.layers.append((kind, Layer(self, options), inputs[0] if inputs else [position]))

    def __call__(self, x):
        values = [x]
        for kind, layer, inputs in self.layers:
            values.append(self.kinds[kind][1](layer, *(values[i] for i in inputs)))
        return values[-1]

    def further(self, count):
        self.inputs.append(numbers(self.batch * count, FURTHER + len(self.inputs)).reshape(self.batch, count).requires_grad_())
        return self.inputs[-1]


def flat(tensors):
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]) if tensors else torch.zeros(0)


def record(kinds, name, shape, layers, batch=3, classes=None):
    network = Network(kinds, layers, batch)
    x = numbers(batch * torch.Size(shape).numel(), SAMPLES).reshape(batch, *shape).requires_grad_()
    if classes:
        count, first = classes
        x = (torch.arange(x.numel()) * 37 % 101 % count + first).to(torch.float64).reshape(x.shape).requires_grad_()
    y = network(x)
    dy = numbers(y.numel(), GRADIENT).reshape(y.shape)
    target = numbers(y.numel(), TARGETS).reshape(y.shape)
    results = {"y": flat([y])}
    inputs = [x, *network.inputs]
    gradients = torch.autograd.grad(y, network.parameters + inputs, dy, allow_unused=True)
    results["dw"] = flat(gradients[: -len(inputs)])
    results["dx"] = flat([torch.zeros_like(i) if g is None else g for i, g in zip(inputs, gradients[-len(inputs) :])])
    if network.parameters:
        optimizer = torch.optim.SGD(network.parameters, lr=RATE, momentum=MOMENTUM)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(network(x), target)
            loss.backward()
            losses.append(loss.detach())
            optimizer.step()
        results["losses"] = torch.stack(losses)
        results["trained"] = flat(network.parameters)
        if any(layer.state for _, layer, _ in network.layers):
            network.training = False
            results["predicted"] = flat([network(x)])
    if classes:
        yield f"classes {count} {first}"
    yield f"case {name} {batch} {len(shape)} {' '.join(map(str, shape))} {len(layers)}"
    for kind, layer, inputs in network.layers:
        words = [kinds[kind][0], len(inputs), *inputs, len(layer.options)]
        for option, value in layer.options.items():
            words += [option, float(value)]
        yield "layer " + " ".join(map(str, words))
    for what, values in results.items():
        yield f"{what} {values.numel()} {' '.join(repr(v) for v in values.tolist())}"


def main():
    torch.set_default_dtype(torch.float64)
    families = {path.stem: importlib.import_module(f"Families.{path.stem}") for path in sorted((HERE / "Families").glob("*.py"))}
    kinds = {name: kind for family in families.values() for name, kind in family.LAYERS.items()}
    for name in sys.argv[1:] or families:
        getattr(families[name], "verify", lambda network_type: None)(Network)
        lines = [line for case in families[name].CASES for line in record(kinds, *case)]
        (HERE / "Recorded" / f"{name}.txt").write_text("\n".join(lines) + "\n")


main()
