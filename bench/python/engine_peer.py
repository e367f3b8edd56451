"""Times PyTorch at the engine's work: the peer of `npm run bench:engine`.

    engine_peer.py --threads 2

Answers one JSON object a line for each JSON object a line on stdin, and begins
with {"torch", "blas", "core"}: the core is OpenBLAS's kernels', else null. The
requests, each answered by {"seconds"}:

    {"work": "train", "widths", "batch", "steps"}     SGD with momentum
    {"work": "fisher", "widths", "batch", "steps"}    squared gradients of rows
    {"work": "evaluate", "widths", "rows"}            accuracy, 1,000 at a time

and one that is answered by {"isCorrect"}: whether products of a step are right.

    {"work": "check", "widths", "batch"}

The data are random normal rows in one tensor: dense products take as long for
any numbers. Gradients of rows are squared by hand, as one product of squares
for each layer, which is what BackPACK's SumGradSquared computes.
"""

import argparse
import functools
import json
import os
import sys
import time
from pathlib import Path

import torch

# What the tests' fixtures are computed with, too.
sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts/pytorch"))

import blas  # noqa: E402
import openblas  # noqa: E402
import reference  # noqa: E402
from row_squares import add_row_squares  # noqa: E402

ROWS = 10000


@functools.cache
def data(columns, classes):
    torch.manual_seed(0)
    return torch.randn(ROWS, columns), torch.randint(0, classes, (ROWS,))


@functools.cache
def model(widths):
    torch.manual_seed(0)
    return reference.mlp(widths)


def batches(size, count):
    """Random batches, as many as asked for."""
    rows = torch.arange(ROWS // size * size)
    epochs = -(-count // (ROWS // size))
    return list(reference.shuffled(rows, epochs, size))[:count]


def train(widths, batch, steps):
    x, y = data(widths[0], widths[-1])
    reference.train(model(widths), x, y, batches(batch, steps), lr=1e-4, momentum=0.9)


@torch.no_grad()
def fisher(widths, batch, steps):
    x, y = data(widths[0], widths[-1])
    layers = [m for m in model(widths) if isinstance(m, torch.nn.Linear)]
    sums = [torch.zeros_like(p) for layer in layers for p in layer.parameters()]
    for rows in batches(batch, steps):
        add_row_squares(layers, x[rows], y[rows], sums)


def evaluate(widths, rows):
    x, y = data(widths[0], widths[-1])
    reference.accuracy(model(widths), x, y, torch.arange(rows))


WORK = {"train": train, "fisher": fisher, "evaluate": evaluate}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    library, path = blas.find_blas()
    if library == "reference":
        sys.exit(
            "PyTorch runs on the reference BLAS here, twenty times slower"
            " than an optimized one, so its seconds would mean nothing."
            " Install OpenBLAS (Debian: libopenblas0-pthread) and run again."
        )
    blas.set_threads(library, path, options.threads)
    core = openblas.core_name(path) if library == "openblas" else None
    hello = {"torch": torch.__version__, "blas": library, "core": core}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        name = request.pop("work")
        request["widths"] = tuple(request["widths"])
        if name == "check":
            answer = {"isCorrect": openblas.is_correct(**request)}
            print(json.dumps(answer), flush=True)
            continue
        work = WORK[name]
        data(request["widths"][0], request["widths"][-1])
        model(request["widths"])
        start = time.perf_counter()
        work(**request)
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
