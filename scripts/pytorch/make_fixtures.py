"""Writes the numbers that PyTorch computes and the native core must match.

    make_fixtures.py --out DIR [--data DIR] [--check] [small] [real] [m2]

Each fixture is a safetensors file. Parameters are named as in a state_dict:
`layers.0.weight` [out, in], `layers.0.bias`, `layers.1.weight`, ... A quantity
with one value per parameter puts its own name in front, as in
`fisher.batch.layers.0.weight`. Losses and hyper-parameters are metadata.

small and real are computed in float64 from the stored float32 inputs, whole
trajectories too, and rounded to float32 at the end: a float32 engine is compared
with the true values, not with another engine's rounding. Features are
x = scale * u + offset with MNIST's scale and offset as float32 numbers.

small: 7-6-5-3, 37 rows, all tensors stored completely.
    layers.*           initial parameters
    features [37, 7]   uint8
    x_float [37, 7]    the same, normalized and rounded to float32
    labels [37]        uint8
    explicit_target    [37, 3], a distribution for each row
    logits [37, 3]
    gradient.label     of the mean cross-entropy over all rows
    gradient.uniform   of the mean KL(q || p), where q is uniform
    gradient.masked    q = p without class 1, renormalized, held constant
    gradient.explicit  q = explicit_target
    fisher.batch       batches of 8 rows in order: squared mean gradients added
                       up until 20 rows are seen, divided by the rows seen
    fisher.perRow      mean over rows 0-23 of each row's squared gradient
    sgd.momentum       after 20 steps: 4 epochs of all rows in order, in
                       batches of 8, the last of 5
    sgd.nesterov       the same with Nesterov momentum and weight decay
    sgd.selective      as sgd.nesterov, but trains only on the ceil(5 n / 8) rows
                       with the largest loss of each batch of n, at a learning
                       rate that is interpolated linearly between the knots
    scrub.batch        after 5 clamped steps, 1 epoch of those batches, with
    scrub.perRow       the Fisher named, held constant

real: 784-512-128-10, 256 rows; initial parameters and pixels are integer
formulas in the metadata. Large tensors are stored in part: every n-th element
of the flattened tensor, n in `stride.*`; a stride of 1 is the whole tensor.
`sum.*` and `norm.*` (L2) cover all elements, and check `initial` too.
    labels [256]       uint8
    logits [256, 10]
    gradient.label     rows 0-127, and loss.label
    fisher.batch       batches of 128 in order, fisher_samples 200
    fisher.perRow      rows 0-127
    sgd.momentum       after 20 steps: 10 epochs of two batches of 128
    scrub.batch        after 5 steps: batches 0, 1, 0, 1, 0

m2: the study's M2 end to end on MNIST, where user 0 owns every zero.
    layers.*             the trained base model in float16, to be widened
    fisher_order [1024]  uint32, rows of the training set, batches of 128
    scrub_order [5923]   the same, one epoch
    Metadata: accuracies in percent, `base.*` and `m2.*`, over the retain,
    forget and test rows; m2.weightDistance to the base is the sum over the
    tensors of the L2 norms. All from PyTorch's float32.

--check recomputes and compares with the files instead of writing them. The base
model of m2 is then taken from its file, because training in float32 depends on
the BLAS; what follows from a given base hardly does.
"""

import argparse
import copy
import json
import math
import os
import sys
from pathlib import Path

import blas
import numpy as np
import reference
import tensor_file
import torch
from idx import read_mnist
from torch.nn import functional

SCALE = np.float32(1 / (255 * 0.3081))
OFFSET = np.float32(-0.1307 / 0.3081)
AFFINE = {"scale": repr(float(SCALE)), "offset": repr(float(OFFSET))}
FLOAT64 = "PyTorch in float64 from the float32 inputs, rounded to float32"
NESTEROV = {
    "lr": 0.05,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 1e-3,
}

ONE_CYCLE = [[0, 0.01], [0.25, 0.1], [1, 0]]  # share of the steps, rate
HARDEST = 5


def parameter_names(model):
    """Names the parameters, two per linear layer, in order."""
    return [
        f"layers.{i // 2}.{('weight', 'bias')[i % 2]}"
        for i in range(len(list(model.parameters())))
    ]


def named(model, values, prefix=""):
    """Returns a dict of float32 arrays, one per parameter."""
    names = parameter_names(model)
    return {
        prefix + name: value.detach().numpy().astype(np.float32)
        for name, value in zip(names, values)
    }


def settings(prefix, **values):
    """Hyper-parameters as metadata."""
    return {f"{prefix}.{k}": json.dumps(v) for k, v in values.items()}


def normalize(pixels):
    """Features in float64."""
    x = torch.from_numpy(pixels.astype(np.float64))
    return x * float(SCALE) + float(OFFSET)


def after_training(model, x, y, batches, **sgd):
    """Returns the parameters after one SGD step per batch."""
    model = copy.deepcopy(model)
    reference.train(model, x, y, batches, **sgd)
    return list(model.parameters())


def after_selective_training(model, x, y, batches, knots, hardest, **sgd):
    """As after_training, on the hardest rows, with a scheduled rate.

    Raises if two losses are so close that rounding could swap the rows.
    """
    model = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), **sgd)
    size = len(batches[0])
    for step, rows in enumerate(batches):
        rate = np.interp(step / len(batches), *zip(*knots))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        logits = model(x[rows])
        losses = functional.cross_entropy(logits, y[rows], reduction="none")
        count = math.ceil(len(rows) * hardest / size)
        ranked = losses.sort(descending=True).values
        if count < len(rows) and ranked[count - 1] - ranked[count] < 1e-4:
            raise ValueError("two losses are too close: choose another seed")
        losses.topk(count).values.mean().backward()
        optimizer.step()
    return list(model.parameters())


def after_scrub(model, x, batches, fisher, lr, alpha):
    """Returns the parameters and the share of updates that were clamped."""
    model = copy.deepcopy(model)
    clamped = []
    for rows in batches:
        before = copy.deepcopy(model)
        reference.scrub(model, x, [rows], fisher, lr, alpha)
        for p, q in zip(model.parameters(), before.parameters()):
            # Subtracting rounds: a clamped update is not exactly the bound.
            at_bound = (p - q).abs() > reference.CLAMP * (1 - 1e-9)
            clamped.append(at_bound.flatten())
    return list(model.parameters()), torch.cat(clamped).double().mean().item()


def target_loss(logits, target):
    """KL(target || p), the mean over the rows."""
    return functional.kl_div(
        functional.log_softmax(logits, 1), target, reduction="batchmean"
    )


def make_small():
    torch.manual_seed(16)  # here no ReLU is open, or shut, on every row
    rows = torch.arange(37)
    batches = rows.split(8)
    initial = reference.mlp((7, 6, 5, 3))
    pixels = torch.randint(1, 256, (37, 7)) * (torch.rand(37, 7) < 0.6)
    pixels = pixels.numpy().astype(np.uint8)
    y = torch.randint(0, 3, (37,))
    explicit = functional.softmax(2 * torch.randn(37, 3), 1)

    model = copy.deepcopy(initial).double()
    x = normalize(pixels)
    logits = model(x)
    kept = logits.detach().clone()
    kept[:, 1] = -math.inf
    losses = {
        "label": functional.cross_entropy(logits, y),
        "uniform": reference.uniform_kl(logits),
        "masked": target_loss(logits, functional.softmax(kept, 1)),
        "explicit": target_loss(logits, explicit.double()),
    }
    fishers = {
        "batch": reference.batch_fisher(model, x, y, batches, 20),
        "perRow": reference.row_fisher(model, x, y, rows[:24]),
    }
    sgd = {"momentum": {"lr": 0.05, "momentum": 0.9}, "nesterov": NESTEROV}
    scrub = {
        "batch": {"lr": 0.02, "alpha": 0.5},
        "perRow": {"lr": 0.1, "alpha": 1e-3},  # so that the clamp bites
    }

    metadata = {"expected": FLOAT64, "widths": "7,6,5,3", **AFFINE}
    metadata |= settings("fisher.batch", batch_size=8, fisher_samples=20)
    metadata |= settings("fisher.perRow", rows=24)
    tensors = named(initial, initial.parameters())
    tensors |= {
        "features": pixels,
        "x_float": x.numpy().astype(np.float32),
        "labels": y.numpy().astype(np.uint8),
        "explicit_target": explicit.numpy(),
        "logits": logits.detach().numpy().astype(np.float32),
    }
    for name, loss in losses.items():
        metadata[f"loss.{name}"] = repr(loss.item())
        gradient = torch.autograd.grad(
            loss, model.parameters(), retain_graph=True
        )
        tensors |= named(model, gradient, f"gradient.{name}.")
    for name, fisher in fishers.items():
        tensors |= named(model, fisher, f"fisher.{name}.")
    for name, options in sgd.items():
        trained = after_training(model, x, y, batches * 4, **options)
        tensors |= named(model, trained, f"sgd.{name}.")
        metadata |= settings(f"sgd.{name}", steps=20, batch_size=8, **options)
    selective = {"knots": ONE_CYCLE, "hardest": HARDEST, **NESTEROV}
    trained = after_selective_training(model, x, y, batches * 4, **selective)
    tensors |= named(model, trained, "sgd.selective.")
    metadata |= settings("sgd.selective", steps=20, batch_size=8, **selective)
    for name, options in scrub.items():
        scrubbed, share = after_scrub(
            model, x, batches, fishers[name], **options
        )
        tensors |= named(model, scrubbed, f"scrub.{name}.")
        metadata |= settings(
            f"scrub.{name}",
            **options,
            steps=5,
            batch_size=8,
            clamp=reference.CLAMP,
            clampedShare=share,
        )
    return tensors, metadata


HASH = (
    "hash(i), in unsigned 32-bit arithmetic: i ^= i >> 16; i *= 0x7feb352d;"
    " i ^= i >> 15; i *= 0x846ca68b; i ^= i >> 16"
)
PARAMETER = (
    "parameter i of the flat vector (layers.0.weight, layers.0.bias, ...):"
    " ((hash(i) >> 8) / 2^23 - 1) * float32(1 / sqrt(inputs of the layer)),"
    " one float32 multiplication of exact float32 numbers"
)
PIXEL = (
    "pixel c of row r: h = hash(2^24 + 784 r + c);"
    " (h & 255) < 49 ? 1 + (h >> 8) mod 255 : 0"
)


def hash32(i):
    """Mixes the bits of an array of 32-bit counters; HASH says it in words."""
    i = i.astype(np.uint32)
    i ^= i >> 16
    i *= np.uint32(0x7FEB352D)
    i ^= i >> 15
    i *= np.uint32(0x846CA68B)
    i ^= i >> 16
    return i


def hashed_model():
    """The model in the real shape, with parameters by the formula PARAMETER."""
    model = reference.mlp()
    start = 0
    with torch.no_grad():
        for layer in model[::2]:
            bound = np.float32(1 / math.sqrt(layer.in_features))
            for p in layer.parameters():
                counters = np.arange(start, start + p.numel())
                unit = (hash32(counters) >> 8).astype(np.float32) / 2**23 - 1
                p.copy_(torch.from_numpy(unit * bound).view_as(p))
                start += p.numel()
    return model


def hashed_pixels(rows):
    """Pixels by the formula PIXEL; as in MNIST, four in five are 0."""
    h = hash32(2**24 + np.arange(rows * 784)).reshape(rows, 784)
    return np.where((h & 255) < 49, 1 + (h >> 8) % 255, 0).astype(np.uint8)


def make_real():
    torch.manual_seed(2)
    initial = hashed_model()
    pixels = hashed_pixels(256)
    y = torch.randint(0, 10, (256,))
    batches = torch.arange(256).split(128)

    model = copy.deepcopy(initial).double()
    x = normalize(pixels)
    logits = model(x)
    loss = functional.cross_entropy(model(x[:128]), y[:128])
    fisher = reference.batch_fisher(model, x, y, batches, 200)
    scrub = {"lr": 0.02, "alpha": 0.5}
    scrubbed, share = after_scrub(model, x, (batches * 3)[:5], fisher, **scrub)
    quantities = {
        "initial": list(initial.double().parameters()),
        "gradient.label": reference.gradients(model, loss),
        "fisher.batch": fisher,
        "fisher.perRow": reference.row_fisher(model, x, y, batches[0]),
        "sgd.momentum": after_training(
            model, x, y, batches * 10, **reference.SGD
        ),
        "scrub.batch": scrubbed,
    }

    metadata = {
        "expected": FLOAT64,
        "widths": "784,512,128,10",
        **AFFINE,
        "formula.hash": HASH,
        "formula.parameter": PARAMETER,
        "formula.pixel": PIXEL,
        "pixels.sum": str(pixels.sum(dtype=int)),
        "pixels.nonzero": str(np.count_nonzero(pixels)),
        "loss.label": repr(loss.item()),
        **settings("fisher.batch", batch_size=128, fisher_samples=200),
        **settings("fisher.perRow", rows=128),
        **settings("sgd.momentum", steps=20, batch_size=128, **reference.SGD),
        **settings(
            "scrub.batch",
            **scrub,
            steps=5,
            batch_size=128,
            clamp=reference.CLAMP,
            clampedShare=share,
        ),
    }
    tensors = {
        "labels": y.numpy().astype(np.uint8),
        "logits": logits.detach().numpy().astype(np.float32),
    }
    names = parameter_names(model)
    strides = [97 if p.numel() > 2048 else 1 for p in model.parameters()]
    metadata |= {
        f"stride.{n}": str(stride) for n, stride in zip(names, strides)
    }
    for quantity, values in quantities.items():
        for name, value, stride in zip(names, values, strides):
            flat = value.detach().flatten()
            metadata[f"sum.{quantity}.{name}"] = repr(flat.sum().item())
            metadata[f"norm.{quantity}.{name}"] = repr(flat.norm().item())
            if quantity != "initial":  # the formula gives those
                part = flat[::stride].numpy().astype(np.float32)
                tensors[f"{quantity}.{name}"] = part
    return tensors, metadata


def make_m2(data, committed=None):
    """Trains the base model, unless the committed tensors give it."""
    x, test_x = (
        reference.normalize(data[part][0]) for part in ("train", "t10k")
    )
    y, test_y = (
        torch.from_numpy(data[part][1].astype(np.int64))
        for part in ("train", "t10k")
    )
    torch.manual_seed(42)
    base = reference.mlp()
    names = parameter_names(base)
    if committed is None:
        batches = reference.shuffled(torch.arange(len(y)), reference.EPOCHS)
        reference.train(base, x, y, batches, **reference.SGD)
        tensors = {
            name: p.detach().numpy().astype(np.float16)
            for name, p in zip(names, base.parameters())
        }
    else:
        tensors = {name: committed[name] for name in names}
    with torch.no_grad():
        for name, p in zip(names, base.parameters()):
            p.copy_(torch.from_numpy(tensors[name]))

    options = reference.SCRUB["exclusive"]
    forget, retain = reference.exclusive_split(y)
    torch.manual_seed(43)  # the same orders with a committed base
    fisher_order = retain[torch.randperm(len(retain))[:1024]]
    scrub_order = forget[torch.randperm(len(forget))]
    fisher_batches = fisher_order.split(reference.BATCH_SIZE)
    m2 = copy.deepcopy(base)
    fisher = reference.batch_fisher(
        m2, x, y, fisher_batches, options.fisher_samples
    )
    scrub_batches = scrub_order.split(reference.BATCH_SIZE)
    reference.scrub(m2, x, scrub_batches, fisher, options.lr, options.alpha)

    metadata = {
        "expected": "PyTorch in float32, from the stored float16 base model",
        "dataset": "MNIST: forget the zeros, test on t10k",
        "widths": "784,512,128,10",
        **settings(
            "scrub",
            lr=options.lr,
            alpha=options.alpha,
            fisher_samples=options.fisher_samples,
            steps=len(scrub_batches),
            batch_size=reference.BATCH_SIZE,
            clamp=reference.CLAMP,
        ),
        "m2.weightDistance": repr(reference.weight_distance(m2, base)),
    }
    for name, model in (("base", base), ("m2", m2)):
        metadata |= settings(
            name,
            retain=reference.accuracy(model, x, y, retain),
            forget=reference.accuracy(model, x, y, forget),
            test=reference.accuracy(model, test_x, test_y),
        )
    tensors["fisher_order"] = fisher_order.numpy().astype(np.uint32)
    tensors["scrub_order"] = scrub_order.numpy().astype(np.uint32)
    return tensors, metadata


def same_text(a, b, tolerance):
    """Compares metadata: numbers within the tolerance, text exactly."""
    try:
        return math.isclose(
            float(a), float(b), rel_tol=1e-6, abs_tol=tolerance
        )
    except ValueError:
        return a == b


def differences(made, committed):
    """Returns the names at which two fixtures differ."""
    (tensors, metadata), (old_tensors, old_metadata) = made, committed
    names = (tensors.keys() ^ old_tensors.keys()) | (
        metadata.keys() ^ old_metadata.keys()
    )
    for name in tensors.keys() & old_tensors.keys():
        new, old = tensors[name], old_tensors[name]
        same_type = new.dtype == old.dtype and new.shape == old.shape
        scale = 1e-6 * abs(old).max()
        if not same_type or not np.allclose(new, old, rtol=1e-6, atol=scale):
            names.add(name)
    for name in metadata.keys() & old_metadata.keys():
        # Accuracies on MNIST come from float32, the rest from float64.
        tolerance = 0.05 if name.startswith(("base.", "m2.")) else 1e-12
        if not same_text(metadata[name], old_metadata[name], tolerance):
            names.add(name)
    return sorted(names)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("fixtures", nargs="*", metavar="small|real|m2")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", default=os.environ.get("MNIST_DIR"))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    chosen = options.fixtures or ["small", "real", "m2"]
    if set(chosen) - {"small", "real", "m2"}:
        parser.error("the fixtures are small, real and m2")
    if "m2" in chosen and options.data is None:
        parser.error("m2 needs MNIST: --data DIR or MNIST_DIR")
    blas.set_threads(*blas.find_blas(), os.cpu_count())

    failed = False
    options.out.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        path = options.out / f"{name}.safetensors"
        committed = tensor_file.read(path) if options.check else None
        if name == "m2":
            base = committed[0] if committed else None
            made = make_m2(read_mnist(options.data), base)
        else:
            made = make_small() if name == "small" else make_real()
        if committed is None:
            tensor_file.write(path, *made)
            print(f"{path}: {path.stat().st_size} bytes")
        else:
            wrong = differences(made, committed)
            print(f"{path}: {', '.join(wrong) or 'as computed'}")
            failed |= bool(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
