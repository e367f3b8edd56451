"""Finds the BLAS that PyTorch uses, and sets its threads.

This matters for a fair comparison: the reference BLAS is some twenty times
slower than an optimized one, and OpenBLAS has its own thread team.
"""

import ctypes
import re
from pathlib import Path

import torch

BUILT_IN = ("mkl", "accelerate")


def loaded_libraries():
    """Paths of the shared libraries in this process; none without /proc."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return []
    return sorted(set(re.findall(r"/\S+\.so\S*", maps.read_text())))


def find_blas():
    """Returns (name, path or None): PyTorch's BLAS.

    The name is "mkl", "accelerate", "openblas", "blis", "reference" or
    "unknown".
    """
    torch.ones(8, 8) @ torch.ones(8, 8)  # a library may load on first use
    built = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    if built and built[1] in BUILT_IN:
        return built[1], None
    libraries = loaded_libraries()
    for name in ("openblas", "blis"):
        for path in libraries:
            if name in Path(path).name:
                return name, path
    for path in libraries:
        if Path(path).name.startswith("libblas."):
            # Debian's OpenBLAS and BLIS also install a libblas.so.3, which
            # holds the whole library, in a folder of their own.
            for name in ("openblas", "blis"):
                if name in path:
                    return name, path
            return "reference", path
    return "unknown", None


def set_threads(blas, path, threads):
    """Gives matrix products `threads` threads.

    PyTorch's OpenMP team spins while OpenBLAS's own team works: with both at
    two threads on two cores a training step takes five times as long. So only
    OpenBLAS gets threads; the remaining element-wise work costs little.
    """
    if blas == "openblas":
        torch.set_num_threads(1)
        ctypes.CDLL(path).openblas_set_num_threads(threads)
    else:
        torch.set_num_threads(threads)
