"""Which of its kernels OpenBLAS runs, and whether they compute what they should.

OpenBLAS chooses its kernels once, when it is loaded: by the processor, or by the
environment variable OPENBLAS_CORETYPE, which may name another one's.
"""

import ctypes

import torch

SAMPLE = 8  # rows of a product that are computed again
TOLERANCE = 1e-5  # of the sum of the absolute terms


def core_name(path):
    """The processor that the kernels were written for, e.g. "SkylakeX"."""
    name = ctypes.CDLL(path).openblas_get_corename
    name.restype = ctypes.c_char_p
    return name().decode()


def is_product(a, b):
    """Whether a @ b is what a sum in float64 says, which needs no BLAS."""
    rows = torch.linspace(0, len(a) - 1, SAMPLE).long()
    terms = a[rows, :, None].double() * b[None].double()
    error = ((a @ b)[rows].double() - terms.sum(1)).abs()
    return bool((error <= TOLERANCE * terms.abs().sum(1)).all())


def is_correct(widths, batch):
    """Whether the products of a training step of a perceptron are right."""
    torch.manual_seed(0)
    for inputs, outputs in zip(widths, widths[1:]):
        x, w = torch.randn(batch, inputs), torch.randn(outputs, inputs)
        d = torch.randn(batch, outputs)
        if not (is_product(x, w.T) and is_product(d.T, x) and is_product(d, w)):
            return False
    return True
