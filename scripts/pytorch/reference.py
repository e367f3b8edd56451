"""The reference study's model and methods in plain PyTorch.

Based on the notebooks of "Machine Unlearning: Retraining and Scrubbing in
a K9db-Integrated System" (Cui, Li, Lu, Wei, 2025), without their DataLoader:
the rows are one tensor and a batch is a tensor of row indices. The native core is
tested against it, so nothing here comes from the core.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

WIDTHS = (784, 512, 128, 10)
BATCH_SIZE = 128
EPOCHS = 5
SGD = {"lr": 0.01, "momentum": 0.9}
CLAMP = 0.05
USERS = 100
ZIPF_EXPONENT = 1.5


@dataclass(frozen=True)
class Scrub:
    """The hyper-parameters of M2, the study's Fisher scrub."""

    lr: float
    alpha: float
    fisher_samples: int
    max_steps: int = 50


SCRUB = {
    "zipf": Scrub(lr=0.002, alpha=1.0, fisher_samples=500),
    "exclusive": Scrub(lr=0.02, alpha=0.5, fisher_samples=1000),
}


def mlp(widths=WIDTHS):
    """Linear layers with ReLU between; PyTorch's own initialization."""
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def normalize(pixels):
    """Pixels as torchvision's ToTensor and Normalize give them."""
    x = torch.from_numpy(pixels.astype(np.float32))
    return x.div_(255).sub_(0.1307).div_(0.3081)


def shuffled(rows, epochs=1, batch_size=BATCH_SIZE):
    """Yields the batches of some epochs, each in a new order."""
    for _ in range(epochs):
        yield from rows[torch.randperm(len(rows))].split(batch_size)


def train(model, x, y, batches, **sgd):
    """SGD on the mean cross-entropy of each batch."""
    optimizer = torch.optim.SGD(model.parameters(), **sgd)
    for rows in batches:
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()


def gradients(model, loss):
    """The gradient of a scalar, one tensor per parameter."""
    return torch.autograd.grad(loss, list(model.parameters()))


def batch_fisher(model, x, y, batches, samples):
    """The study's Fisher: squares each batch's *mean* gradient.

    Adds up batches until `samples` rows are seen, then divides by the rows.
    """
    fisher = [torch.zeros_like(p) for p in model.parameters()]
    seen = 0
    for rows in batches:
        loss = functional.cross_entropy(model(x[rows]), y[rows])
        for total, gradient in zip(fisher, gradients(model, loss)):
            total += gradient**2
        seen += len(rows)
        if seen >= samples:
            break
    return [total / seen for total in fisher]


def row_fisher(model, x, y, rows):
    """The empirical Fisher: the mean of the rows' squared gradients."""
    return batch_fisher(model, x, y, rows.split(1), len(rows))


def uniform_kl(logits):
    """KL(uniform || p), the mean over the batch: the loss of a scrub step."""
    target = torch.full_like(logits, 1 / logits.shape[1])
    return functional.kl_div(
        functional.log_softmax(logits, 1), target, reduction="batchmean"
    )


def scrub(model, x, batches, fisher, lr, alpha, clamp=CLAMP):
    """One clamped step towards the uniform distribution for each batch."""
    for rows in batches:
        steps = gradients(model, uniform_kl(model(x[rows])))
        with torch.no_grad():
            for p, gradient, f in zip(model.parameters(), steps, fisher):
                p -= (lr / (f + alpha) * gradient).clamp_(-clamp, clamp)


def accuracy(model, x, y, rows=None):
    """Percent of the rows (None: all) whose label is the best class."""
    if rows is None:
        rows = torch.arange(len(y))
    correct = 0
    with torch.no_grad():
        for part in rows.split(1000):
            correct += (model(x[part]).argmax(1) == y[part]).sum().item()
    return 100 * correct / len(rows)


def weight_distance(a, b):
    """The sum over the tensors of the L2 norms of the differences."""
    with torch.no_grad():
        pairs = zip(a.parameters(), b.parameters())
        return sum(torch.norm(p - q).item() for p, q in pairs)


def exclusive_split(y):
    """(forget, retain) rows where user 0 owns every zero."""
    return (y == 0).nonzero()[:, 0], (y != 0).nonzero()[:, 0]


def zipf_split(count, seed):
    """(forget, retain) rows where user 0 owns the largest, first block.

    Seed 42 gives 24,748 forget rows, as in the study's recorded run.
    """
    weights = np.arange(1, USERS + 1) ** -ZIPF_EXPONENT
    weights /= weights.sum()
    counts = np.random.RandomState(seed).multinomial(count, weights)
    return torch.arange(count).tensor_split([int(counts.max())])
