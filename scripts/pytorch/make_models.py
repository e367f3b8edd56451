"""Writes models exported by PyTorch, to test the importers.

    make_models.py --out DIR

Accepted: <name>.onnx or <name>.safetensors, each with the rows and the logits
that PyTorch computes for them in expected.safetensors: `<name>.features` and
`<name>.logits` (before a softmax). Refused, because they are not chains of linear
layers and ReLU: refused-<why>.onnx or .safetensors. All have random parameters.
"""

import argparse
import io
from pathlib import Path

import tensor_file
import torch
from torch import nn

ROWS, INPUTS, HIDDEN, CLASSES = 9, 6, (5, 4), 3


def perceptron():
    widths = (INPUTS, *HIDDEN, CLASSES)
    layers = [m for i, o in zip(widths, widths[1:]) for m in (nn.Linear(i, o), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


class MatMul(nn.Module):
    """Layers by matrix products, [inputs, outputs]: an added bias, then none."""

    def __init__(self):
        super().__init__()
        self.w0 = nn.Parameter(torch.randn(INPUTS, HIDDEN[0]))
        self.b0 = nn.Parameter(torch.randn(HIDDEN[0]))
        self.w1 = nn.Parameter(torch.randn(HIDDEN[0], CLASSES))

    def forward(self, x):
        return torch.relu(self.b0 + x @ self.w0) @ self.w1


class Images(nn.Module):
    """Images [N, 1, 2, 3], normalized and flattened in the model; probabilities."""

    def __init__(self, flatten, last):
        super().__init__()
        self.flatten, self.body, self.last = flatten, perceptron(), last

    def logits(self, x):
        return self.body(self.flatten((x - 0.1307) / 0.3081))

    def forward(self, x):
        return self.last(self.logits(x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(INPUTS, INPUTS), nn.Linear(INPUTS, CLASSES)

    def forward(self, x):
        return self.b(x + torch.relu(self.a(x)))


class PerFeature(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = perceptron()
        self.register_buffer("mean", torch.arange(float(INPUTS)))

    def forward(self, x):
        return self.body(x - self.mean)


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = perceptron()

    def forward(self, x, w):
        return self.body(x @ w)


def onnx_bytes(model, *inputs, opset=13, dynamic=True):
    stream = io.BytesIO()
    axes = {"x": {0: "n"}} if dynamic else None
    names = ["x", "w"][: len(inputs)]
    torch.onnx.export(
        model.eval(), inputs, stream, opset_version=opset, input_names=names, dynamic_axes=axes
    )
    return stream.getvalue()


def write_state(path, model, names={}):
    """Writes a state dict; `names` renames its modules."""
    state = {}
    for key, tensor in model.state_dict().items():
        module, parameter = key.split(".")
        state[f"{names.get(module, module)}.{parameter}"] = tensor.numpy()
    tensor_file.write(path, state, {"format": "pt"})


def images():
    return torch.randint(0, 256, (ROWS, 1, 2, 3)).float() / 255


def accepted(out):
    rows = torch.randn(ROWS, INPUTS)
    expected = {}

    def expect(name, features, logits):
        expected[f"{name}.features"] = features.reshape(ROWS, INPUTS).numpy()
        expected[f"{name}.logits"] = logits.detach().numpy()

    for name, model, options in [
        ("gemm", perceptron(), {}),
        ("fixed-rows", perceptron(), {"dynamic": False}),
        ("opset-9", perceptron(), {"opset": 9}),
        ("opset-16", perceptron(), {"opset": 16}),
        ("matmul", MatMul(), {}),
    ]:
        (out / f"{name}.onnx").write_bytes(onnx_bytes(model, rows, **options))
        expect(name, rows, model(rows))
    for name, model in [
        ("flatten-softmax", Images(nn.Flatten(), nn.Softmax(1))),
        ("view-log-softmax", Images(lambda x: x.view(-1, INPUTS), nn.LogSoftmax(-1))),
    ]:
        x = images()
        (out / f"{name}.onnx").write_bytes(onnx_bytes(model, x))
        expect(name, x, model.logits(x))

    model = perceptron()
    write_state(out / "sequential.safetensors", model)
    expect("sequential", rows, model(rows))
    model = nn.Sequential(nn.Linear(INPUTS, HIDDEN[0], bias=False), nn.ReLU(), nn.Linear(HIDDEN[0], CLASSES))
    write_state(out / "named.safetensors", model, {"0": "input", "2": "head"})
    expect("named", rows, model(rows))
    for name, model in [
        ("two-linear", nn.Sequential(nn.Linear(INPUTS, 4), nn.Linear(4, CLASSES))),
        ("per-feature", PerFeature()),
        ("batch-normalization", nn.Sequential(nn.Linear(INPUTS, 4), nn.ReLU(), statistics(4), nn.Linear(4, CLASSES))),
        ("double", perceptron().double()),
    ]:
        x = rows.to(next(model.parameters()).dtype)
        (out / f"{name}.onnx").write_bytes(onnx_bytes(model, x))
        expect(name, rows, model(x).float())
    tensor_file.write(out / "expected.safetensors", expected, {})


def statistics(channels):
    """Batch normalization that has seen rows."""
    layer = nn.BatchNorm1d(channels)
    layer(3 * torch.randn(20, channels) + 1)
    return layer.eval()


def refused(out):
    rows = torch.randn(ROWS, INPUTS)
    convolution = nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, CLASSES))
    for why, model, inputs in [
        ("convolution", convolution, (images(),)),
        ("tanh", nn.Sequential(nn.Linear(INPUTS, 4), nn.Tanh(), nn.Linear(4, CLASSES)), (rows,)),
        ("final-relu", nn.Sequential(nn.Linear(INPUTS, CLASSES), nn.ReLU()), (rows,)),
        ("residual", Residual(), (rows,)),
        ("two-inputs", TwoInputs(), (rows, torch.eye(INPUTS))),
    ]:
        (out / f"refused-{why}.onnx").write_bytes(onnx_bytes(model, *inputs))
    write_state(out / "refused-convolution.safetensors", convolution)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", required=True, type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    accepted(out)
    refused(out)


if __name__ == "__main__":
    main()
