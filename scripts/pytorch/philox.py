"""Initial parameters and batch orders by the algorithms of native/include/lethe.

Philox 4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC 2011, section 4.3. The key is the seed, the counter (block, 0,
purpose, substream).
"""

import math

import numpy as np

INITIALIZATION, BATCH_ORDER = 1, 2
MASK = 0xFFFFFFFF


def block(counter, key):
    """The four words of a counter."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (second >> 32) ^ c[1] ^ k[0],
            second & MASK,
            (first >> 32) ^ c[3] ^ k[1],
            first & MASK,
        ]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def words(seed, purpose, substream=0):
    """The words of a stream, in order."""
    index = 0
    while True:
        yield from block((index & MASK, index >> 32, purpose, substream), (seed & MASK, seed >> 32))
        index += 1


def below(stream, bound):
    """Unbiased in [0, bound): Lemire, ACM TOMACS 29(1), 2019, algorithm 5."""
    while True:
        product = next(stream) * bound
        if product & MASK >= (2**32 - bound) % bound:
            return product >> 32


def batch_order(seed, epoch, rows):
    """Rows 0, 1, ... shuffled by Fisher and Yates, from the last place down."""
    order = np.arange(rows)
    stream = words(seed, BATCH_ORDER, epoch)
    for i in range(rows - 1, 0, -1):
        j = below(stream, i + 1)
        order[[i, j]] = order[[j, i]]
    return order


def initial_parameters(widths, seed):
    """For each layer W [outputs, inputs] and b, float32, uniform in +-1/sqrt(inputs)."""
    stream = words(seed, INITIALIZATION)
    parameters = []
    for inputs, outputs in zip(widths, widths[1:]):
        bound = np.float32(1) / np.float32(math.sqrt(inputs))
        for shape in ((outputs, inputs), (outputs,)):
            centred = [2 * (next(stream) >> 8) - 0xFFFFFF for _ in range(math.prod(shape))]
            unit = np.array(centred, np.float32).reshape(shape) * np.float32(2**-24)
            parameters.append(bound * unit)
    return parameters
