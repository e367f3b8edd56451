#!/usr/bin/env python3
"""Times PyTorch on a CUDA device at the work of native/bench/cuda.cpp.

    gpu-peers.py [--runs N] [--epochs N]
    gpu-peers.py --self-test

Writes one JSON object to stdout and progress to stderr. Exits with 0, with 2
if PyTorch is missing, with 3 if PyTorch sees no CUDA device, with 1 if
something fails. The self-test needs no device: it compares the Fisher information
below with gradients that autograd computes row by row.

The network is 784-512-128-10 in batches of 128, trained by SGD with momentum
for five epochs over 60,000 rows, which are normalized and in device memory;
batch orders are drawn there too. Times are measured on the host, from the first
launch until everything is done. "eager" is the usual loop; "graph" replays a
CUDA graph of the whole step, which gathers its batch itself. Both in float32
and with TF32 allowed. Gradients of rows are squared by hand, as one product of
squares for each layer: BackPACK's SumGradSquared, and far faster than vmap.
"""

import argparse
import json
import statistics
import sys
import time

try:
    import torch
    from torch.nn import functional
except ImportError:
    print("PyTorch is missing: install torch 2", file=sys.stderr)
    sys.exit(2)

from pytorch.row_squares import add_row_squares

WIDTHS = (784, 512, 128, 10)
ROWS, TEST_ROWS = 60000, 10000
BATCH = 128
SGD = {"lr": 0.01, "momentum": 0.9}
DENSITY = 0.19
# The names in torch.set_float32_matmul_precision.
PRECISIONS = {"float32": "highest", "tf32": "high"}


def make_data(rows, device):
    """Random bytes of MNIST's density, normalized; a linear map labels them."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(rows, WIDTHS[0], generator=generator)
    pixels *= torch.rand(rows, WIDTHS[0], generator=generator) < DENSITY
    teacher = torch.randn(WIDTHS[0], WIDTHS[-1], generator=generator)
    labels = ((pixels - pixels.mean()) @ teacher).argmax(1)
    return pixels.sub(0.1307).div(0.3081).to(device), labels.to(device)


def make_model(device):
    torch.manual_seed(0)
    layers = []
    for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1]).to(device)


def make_optimizer(model):
    """All parameters in one kernel."""
    return torch.optim.SGD(model.parameters(), fused=True, **SGD)


def epoch_batches(rows, device):
    """Row indices of an epoch: [full batches, 128] and the smaller last one."""
    order = torch.randperm(rows, device=device)
    full = rows // BATCH * BATCH
    return order[:full].view(-1, BATCH), order[full:].view(1, -1)


class Training:
    """Trains some epochs, from the same initial parameters in each call."""

    def __init__(self, x, y, epochs):
        self.x, self.y, self.epochs = x, y, epochs
        self.model = make_model(x.device)
        self.initial = [p.detach().clone() for p in self.model.parameters()]
        self.optimizer = make_optimizer(self.model)

    @torch.no_grad()
    def reset(self):
        for p, start in zip(self.model.parameters(), self.initial):
            p.copy_(start)
            if p in self.optimizer.state:
                self.optimizer.state[p]["momentum_buffer"].zero_()

    def __call__(self):
        self.reset()
        for _ in range(self.epochs):
            self.epoch(epoch_batches(len(self.x), self.x.device))

    def step(self, rows):
        self.optimizer.zero_grad(set_to_none=True)
        logits = self.model(self.x[rows])
        functional.cross_entropy(logits, self.y[rows]).backward()
        self.optimizer.step()


class EagerTraining(Training):
    def epoch(self, order):
        for batches in order:
            for rows in batches:
                self.step(rows)


class GraphTraining(Training):
    """One graph for the full batches, another for the last one of an epoch."""

    WARM_UP = 3

    def __init__(self, x, y, epochs):
        super().__init__(x, y, epochs)
        self.batches = epoch_batches(len(x), x.device)
        self.position = torch.zeros(1, dtype=torch.long, device=x.device)
        self.graphs = [self.capture(part) for part in self.batches]

    def next_step(self, batches):
        self.step(batches.index_select(0, self.position).view(-1))
        self.position += 1

    def capture(self, batches):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(self.WARM_UP):
                self.position.zero_()
                self.next_step(batches)
        torch.cuda.current_stream().wait_stream(stream)
        # Without existing gradients, the graph overwrites instead of adding.
        self.optimizer.zero_grad(set_to_none=True)
        self.position.zero_()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.next_step(batches)
        return graph

    def epoch(self, order):
        for graph, rows, drawn in zip(self.graphs, self.batches, order):
            rows.copy_(drawn)
            self.position.zero_()
            for _ in range(len(rows)):
                graph.replay()


@torch.no_grad()
def fisher(model, x, y, batch):
    """The mean of the rows' squared gradients, one tensor per parameter."""
    layers = [m for m in model if isinstance(m, torch.nn.Linear)]
    sums = [torch.zeros_like(p) for layer in layers for p in layer.parameters()]
    for inputs, labels in zip(x.split(batch), y.split(batch)):
        add_row_squares(layers, inputs, labels, sums)
    return [total / len(x) for total in sums]


@torch.no_grad()
def evaluate(model, x, y):
    """Loss and hit of each row."""
    logits = model(x)
    return (
        functional.cross_entropy(logits, y, reduction="none"),
        logits.argmax(1) == y,
    )


def accuracy(model, x, y):
    return evaluate(model, x, y)[1].float().mean().item()


def timed(work, runs):
    """Milliseconds of some runs, after one warm-up run."""
    milliseconds = []
    for _ in range(runs + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        milliseconds.append(1e3 * (time.perf_counter() - start))
    return {
        "minimumMilliseconds": min(milliseconds[1:]),
        "medianMilliseconds": statistics.median(milliseconds[1:]),
    }


def attempt(name, work):
    """The result of work() or its error, and whether it succeeded."""
    print(name, file=sys.stderr, flush=True)
    try:
        return work(), True
    except RuntimeError as error:
        print(f"  {error}", file=sys.stderr, flush=True)
        return {"error": str(error)}, False


def time_training(kind, x, y, epochs, runs):
    train = kind(x, y, epochs)
    return {**timed(train, runs), "accuracy": accuracy(train.model, x, y)}


def measure(runs, epochs):
    device = torch.device("cuda")
    x, y = make_data(ROWS, device)
    model = make_model(device)
    report = {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "device": torch.cuda.get_device_name(device),
        "runs": runs,
        "epochs": epochs,
    }
    succeeded = True
    for precision, mode in PRECISIONS.items():
        torch.set_float32_matmul_precision(mode)
        works = {
            "eager": lambda: time_training(EagerTraining, x, y, epochs, runs),
            "graph": lambda: time_training(GraphTraining, x, y, epochs, runs),
            "fisher": lambda: timed(lambda: fisher(model, x, y, BATCH), runs),
            "fisherLargeBatch": lambda: timed(
                lambda: fisher(model, x, y, TEST_ROWS), runs
            ),
            "evaluate": lambda: timed(
                lambda: evaluate(model, x[:TEST_ROWS], y[:TEST_ROWS]), runs
            ),
        }
        report[precision] = {}
        for name, work in works.items():
            answer, ok = attempt(f"{precision} {name}", work)
            report[precision][name] = answer
            succeeded = succeeded and ok
    print(json.dumps(report))
    return 0 if succeeded else 1


def self_test():
    """Compares the Fisher information with gradients row by row."""
    x, y = make_data(20, "cpu")
    model = make_model("cpu")
    expected = [torch.zeros_like(p) for p in model.parameters()]
    for row in range(len(x)):
        one = slice(row, row + 1)
        loss = functional.cross_entropy(model(x[one]), y[one])
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        for total, gradient in zip(expected, gradients):
            total += gradient**2 / len(x)
    for a, b in zip(expected, fisher(model, x, y, batch=8)):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-9)
    print(json.dumps({"selfTest": "passed", "torch": torch.__version__}))
    return 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if not torch.cuda.is_available():
        print(
            f"PyTorch {torch.__version__} sees no CUDA device: install a build"
            " with CUDA, on a machine with an NVIDIA GPU",
            file=sys.stderr,
        )
        return 3
    return measure(options.runs, options.epochs)


if __name__ == "__main__":
    sys.exit(main())
