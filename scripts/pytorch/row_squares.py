"""Squared gradients of rows, computed by hand, to compare with the Fisher diagonal."""

import torch
from torch.nn import functional


def add_row_squares(layers, inputs, labels, sums):
    """Adds the squares of each row's gradient of the cross-entropy to `sums`.

    One product of squares for each layer, which is what BackPACK's
    SumGradSquared computes. `layers` are linear, with ReLU between them; `sums`
    has their parameters' shapes, in the same order.
    """
    activations = [inputs]
    for layer in layers[:-1]:
        activations.append(functional.relu(layer(activations[-1])))
    delta = functional.softmax(layers[-1](activations[-1]), 1)
    delta[torch.arange(len(labels), device=labels.device), labels] -= 1
    for i in reversed(range(len(layers))):
        squares = delta**2
        sums[2 * i].addmm_(squares.T, activations[i] ** 2)
        sums[2 * i + 1].add_(squares.sum(0))
        if i > 0:
            delta = (delta @ layers[i].weight) * (activations[i] > 0)
