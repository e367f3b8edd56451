"""Writes principal components computed by LAPACK, to test the engine's.

    make_components.py --out FILE

`values` is a centred matrix whose spectrum falls like that of images;
`variances` and `directions` come from its singular value decomposition in
float64.
"""

import argparse

import numpy as np
import tensor_file

ROWS, COLUMNS, COMPONENTS = 150, 80, 12


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    random = np.random.default_rng(7)
    rotation, _ = np.linalg.qr(random.standard_normal((COLUMNS, COLUMNS)))
    scales = 0.85 ** np.arange(COLUMNS)
    values = (random.standard_normal((ROWS, COLUMNS)) * scales) @ rotation
    values = (values - values.mean(axis=0)).astype(np.float32)
    _, singular, directions = np.linalg.svd(values.astype(np.float64))
    tensors = {
        "values": values,
        "directions": directions[:COMPONENTS].astype(np.float32),
        "variances": (singular[:COMPONENTS] ** 2 / ROWS).astype(np.float32),
    }
    metadata = {
        "widths": f"{COLUMNS},{COMPONENTS}",
        "rows": str(ROWS),
        "totalVariance": repr(float((singular**2).sum() / ROWS)),
        "numpy": np.__version__,
    }
    tensor_file.write(args.out, tensors, metadata)


if __name__ == "__main__":
    main()
