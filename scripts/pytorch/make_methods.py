"""Writes the results of unlearning methods on a small model, to test ours.

    make_methods.py --out FILE

7-6-5-3, 24 rows, of which 0-7 are forgotten; PyTorch in float64 from the float32
inputs, rounded to float32 at the end. Except in `trained` and `amnesiac`, every
step takes all rows of its set, so that the order of rows does not matter.

    layers.*           the model
    x [24, 7], labels [24]
    fineTune.*         after 3 steps on the retain set, rate .1, momentum .9
    gradientAscent.*   after 3 steps up the forget set's loss, rate .05
    negGradPlus.*      after 3 steps on both, rate .1, momentum .9, weight .3
    scrub.*            2 rounds of 2 steps on the retain set, the first begun by
                       2 steps up on the forget set; rate .05, distillation .4
    ssd.*              selection 1.2, dampening .8, the Fisher of all rows
    trained.*          the initial parameters of seed 7 after 3 epochs on all rows,
                       batches of 5 in Philox order, rate .1, momentum .9
    amnesiac.*         the same minus the steps on batches that held row 2 or 9
    repaired.*         then after 3 steps on all other rows, rate .1, momentum .9
    factors            Kronecker factors of the retain rows, whose labels are
                       `drawn` [24], layer by layer
    natural.*          the forget set's gradient solved with these, damping .1
    lowRank.*          the first layer reduced to the three principal components of
                       its outputs on the retain rows, before the ReLU
    head.*             a new last layer trained on the retain set, from 0 except a
                       bias of -4 for class 2: 30 steps, rate .02 falling linearly
                       to 0, momentum .9
"""

import argparse

import numpy as np
import philox
import tensor_file
import torch
from torch.nn import functional

WIDTHS, ROWS, FORGOTTEN = (7, 6, 5, 3), 24, 8


def forward(parameters, x):
    for layer in range(0, len(parameters), 2):
        x = x @ parameters[layer].T + parameters[layer + 1]
        if layer + 2 < len(parameters):
            x = torch.relu(x)
    return x


def descend(parameters, loss, steps, rate, momentum=0.0, falling=False):
    """Plain SGD, instead of the optimizer in the importers' tests."""
    parameters = [p.clone().requires_grad_() for p in parameters]
    optimizer = torch.optim.SGD(parameters, lr=rate, momentum=momentum)
    for step in range(steps):
        if falling:
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimizer.zero_grad()
        loss(parameters).backward()
        optimizer.step()
    return [p.detach() for p in parameters]


def train(parameters, x, y, seed, tracked):
    """Trained parameters, and the changes by batches that held a tracked row."""
    parameters = [p.clone().requires_grad_() for p in parameters]
    optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9)
    change = [torch.zeros_like(p) for p in parameters]
    for epoch in range(3):
        for rows in torch.from_numpy(philox.batch_order(seed, epoch, len(x))).split(5):
            before = [p.detach().clone() for p in parameters]
            optimizer.zero_grad()
            functional.cross_entropy(forward(parameters, x[rows]), y[rows]).backward()
            optimizer.step()
            if set(rows.tolist()) & set(tracked):
                for sum_, p, b in zip(change, parameters, before):
                    sum_ += p.detach() - b
    return [p.detach() for p in parameters], change


def fisher(parameters, x, y):
    """The mean over rows of each row's squared gradient."""
    total = [torch.zeros_like(p) for p in parameters]
    tracked = [p.clone().requires_grad_() for p in parameters]
    for row in range(len(x)):
        loss = functional.cross_entropy(forward(tracked, x[row : row + 1]), y[row : row + 1])
        for sum_, gradient in zip(total, torch.autograd.grad(loss, tracked)):
            sum_ += gradient.square() / len(x)
    return total


def layer_factors(parameters, x, y):
    """For each layer the mean of a a^T, a its input followed by a 1, and that of
    d d^T, d the gradient at its outputs."""
    inputs, outputs = [], []
    parameters = [p.clone().requires_grad_() for p in parameters]
    a = x
    for layer in range(0, len(parameters), 2):
        inputs.append(torch.cat([a, torch.ones(len(a), 1, dtype=a.dtype)], 1))
        outputs.append(a @ parameters[layer].T + parameters[layer + 1])
        a = torch.relu(outputs[-1])
    loss = functional.cross_entropy(outputs[-1], y, reduction="sum")
    gradients = torch.autograd.grad(loss, outputs)
    return [((a.T @ a / len(x)).detach(), d.T @ d / len(x)) for a, d in zip(inputs, gradients)]


def natural(parameters, loss, factors, damping):
    """For each layer (G + sqrt(damping) / r)^-1 V (A + r sqrt(damping))^-1, r^2 the
    ratio of the mean diagonals: Martens and Grosse 2015, sections 4.2 and 6.3."""
    tracked = [p.clone().requires_grad_() for p in parameters]
    gradients = torch.autograd.grad(loss(tracked), tracked)
    step = []
    for layer, (a, g) in enumerate(factors):
        weight, bias = gradients[2 * layer], gradients[2 * layer + 1]
        ratio = (a.diagonal().mean() / g.diagonal().mean()).sqrt()
        v = torch.cat([weight, bias[:, None]], 1)
        v = torch.linalg.solve(g + damping**0.5 / ratio * torch.eye(len(g)).double(), v)
        v = torch.linalg.solve(a + damping**0.5 * ratio * torch.eye(len(a)).double(), v.T).T
        step += [v[:, :-1], v[:, -1]]
    return step


def low_rank(parameters, x, components):
    """W x + b becomes m + V V^T (W x + b - m), m the mean over x and V the directions of
    the largest variance."""
    weight, bias = parameters[:2]
    given = x @ weight.T + bias
    mean = given.mean(0)
    directions = torch.linalg.svd(given - mean, full_matrices=False)[2][:components]
    projection = directions.T @ directions
    return [projection @ weight, mean + projection @ (bias - mean)] + parameters[2:]


def refitted_head(parameters, x, y, cleared):
    body, head = parameters[:-2], [torch.zeros_like(p) for p in parameters[-2:]]
    head[1][cleared] = -4
    features = torch.relu(forward(body, x))

    def loss(p):
        return functional.cross_entropy(forward(p, features), y)

    return body + descend(head, loss, 30, 0.02, 0.9, falling=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    random = np.random.default_rng(5)

    def normal(*shape):
        return random.standard_normal(shape).astype(np.float32)

    initial = []
    for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
        initial += [0.6 * normal(outputs, inputs), 0.3 * normal(outputs)]
    features = normal(ROWS, WIDTHS[0])
    labels = random.integers(0, WIDTHS[-1], ROWS).astype(np.uint32)
    drawn = random.integers(0, WIDTHS[-1], ROWS).astype(np.uint32)

    model = [torch.from_numpy(p).double() for p in initial]
    x, y = torch.from_numpy(features).double(), torch.from_numpy(labels.astype(np.int64))
    forget, retain = slice(0, FORGOTTEN), slice(FORGOTTEN, ROWS)
    teacher = torch.softmax(forward(model, x), 1)
    one_hot = functional.one_hot(y, WIDTHS[-1]).double()

    def cross_entropy(rows):
        return lambda p: functional.cross_entropy(forward(p, x[rows]), y[rows])

    def both(p):
        losses = functional.cross_entropy(forward(p, x), y, reduction="none")
        return (losses[retain].sum() - 0.3 * losses[forget].sum()) / ROWS

    def divergence(p, rows, target):
        """KL(target || prediction), up to a constant."""
        return -(target[rows] * torch.log_softmax(forward(p, x[rows]), 1)).sum(1).mean()

    mixture = 0.4 * teacher + 0.6 * one_hot
    scrubbed = model
    for ascent in (True, False):
        if ascent:
            scrubbed = descend(scrubbed, lambda p: -divergence(p, forget, teacher), 2, 0.05)
        scrubbed = descend(scrubbed, lambda p: divergence(p, retain, mixture), 2, 0.05)

    on_all, on_forget = fisher(model, x, y), fisher(model, x[forget], y[forget])
    dampened = [
        torch.where(own > 1.2 * every, p * torch.clamp(0.8 * every / own, max=1), p)
        for p, every, own in zip(model, on_all, on_forget)
    ]
    factors = layer_factors(
        model, x[retain], torch.from_numpy(drawn.astype(np.int64))[retain]
    )
    begun = [torch.from_numpy(p).double() for p in philox.initial_parameters(WIDTHS, 7)]
    trained, change = train(begun, x, y, 7, (2, 9))
    amnesiac = [p - c for p, c in zip(trained, change)]
    kept = [row for row in range(ROWS) if row not in (2, 9)]
    results = {
        "": model,
        "fineTune.": descend(model, cross_entropy(retain), 3, 0.1, 0.9),
        "gradientAscent.": descend(model, lambda p: -cross_entropy(forget)(p), 3, 0.05),
        "negGradPlus.": descend(model, both, 3, 0.1, 0.9),
        "scrub.": scrubbed,
        "ssd.": dampened,
        "trained.": trained,
        "amnesiac.": amnesiac,
        "repaired.": descend(amnesiac, cross_entropy(kept), 3, 0.1, 0.9),
        "natural.": natural(model, cross_entropy(forget), factors, 0.1),
        "lowRank.": low_rank(model, x[retain], 3),
        "head.": refitted_head(model, x[retain], y[retain], 2),
    }
    tensors = {"x": features, "labels": labels, "drawn": drawn}
    tensors["factors"] = np.concatenate(
        [factor.numpy().ravel() for pair in factors for factor in pair]
    ).astype(np.float32)
    for prefix, parameters in results.items():
        for i, parameter in enumerate(parameters):
            name = f"{prefix}layers.{i // 2}.{('weight', 'bias')[i % 2]}"
            tensors[name] = parameter.numpy().astype(np.float32)
    widths = ",".join(map(str, WIDTHS))
    tensor_file.write(args.out, tensors, {"widths": widths, "torch": torch.__version__})


if __name__ == "__main__":
    main()
