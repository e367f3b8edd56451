"""Reads IDX files, the format that MNIST is published in."""

import gzip
import math
from pathlib import Path

import numpy as np

UINT8 = 8  # the format's code for unsigned bytes, the only type MNIST uses


def read_idx(path):
    """Returns the array of unsigned bytes in a gzip-compressed IDX file."""
    data = gzip.decompress(Path(path).read_bytes())
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != UINT8:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    start = 4 + 4 * data[3]
    shape = tuple(int(n) for n in np.frombuffer(data[4:start], ">u4"))
    if len(data) != start + math.prod(shape):
        raise ValueError(
            f"{path}: the length does not match the shape {shape}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_mnist(folder):
    """Returns {"train" | "t10k": (pixels uint8 [rows, 784], labels uint8)}."""
    data = {}
    for part in ("train", "t10k"):
        pixels = read_idx(Path(folder) / f"{part}-images-idx3-ubyte.gz")
        labels = read_idx(Path(folder) / f"{part}-labels-idx1-ubyte.gz")
        data[part] = pixels.reshape(len(pixels), -1), labels
    return data
