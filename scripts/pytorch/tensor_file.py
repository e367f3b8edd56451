"""Writes and reads safetensors files.

The format: the header's length as 8 bytes (little-endian), a JSON header with
one entry per tensor and a map of strings, `__metadata__`, then the raw data.
"""

import json
import struct
from pathlib import Path

import numpy as np

DTYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I16": "<i2", "I8": "|i1", "U8": "|u1", "U32": "<u4"}
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}


def write(path, tensors, metadata, types={}):
    """Writes arrays by name and a map of strings; `types` states other types of their bytes."""
    header = {"__metadata__": metadata}
    blobs = []
    offset = 0
    # The widest types first, so that each tensor is aligned to its type.
    for name, array in sorted(tensors.items(), key=lambda t: -t[1].itemsize):
        blobs.append(array.tobytes())
        end = offset + len(blobs[-1])
        header[name] = {
            "dtype": types.get(name, NAMES[array.dtype]),
            "shape": array.shape,
            "data_offsets": (offset, end),
        }
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the data starts aligned
    Path(path).write_bytes(
        struct.pack("<Q", len(text)) + text + b"".join(blobs)
    )


def read(path):
    """Returns (arrays by name, metadata)."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        array = np.frombuffer(data[start:end], DTYPES[entry["dtype"]])
        tensors[name] = array.reshape(entry["shape"]).copy()
    return tensors, metadata
