"""Writes a model trained by one cycle on half-whitened columns, as `steady` trains, to test ours.

    make_steady.py --out FILE

7-6-5-3 on 200 rows whose columns have scales from 1e-3 to 1e4, one of them constant; PyTorch in
float64 from the float32 inputs, rounded to float32 at the end. The features are half-whitened
before the training, and the scaling is folded into the first layer after it.

    x [200, 7], labels [200]
    scales [7]         by which the centred columns are multiplied
    steady.*           after 150 steps of 64 rows in the Philox order of seed 7
"""

import argparse

import numpy as np
import philox
import tensor_file
import torch
from torch.nn import functional

WIDTHS, ROWS, SEED, BATCH, STEPS, RATE = (7, 6, 5, 3), 200, 7, 64, 150, 0.05


def half_whitening(x):
    """(v + .01 median v)^-1/4, but no scaled variance over 100 times their median; then one
    factor to a mean variance of 1; 0 where v is 0."""
    variances = x.var(0, unbiased=False)
    varying = variances[variances > 0]

    def median(values):
        return values.sort().values[len(values) // 2]

    scales = (variances + 0.01 * median(varying)) ** -0.25 * (variances > 0)
    scaled = variances * scales**2
    most = 100 * median(scaled[variances > 0])
    scales = torch.where(scaled > most, (most / variances).sqrt(), scales)
    return scales * (len(varying) / (variances * scales**2).sum()).sqrt()


def rate_at(step):
    """From .04 of the highest rate to it in a tenth of the steps, then linearly to 0."""
    return RATE * np.interp(step / STEPS, [0, 0.1, 1], [0.04, 1, 0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    random = np.random.default_rng(11)
    labels = random.integers(0, WIDTHS[-1], ROWS).astype(np.uint32)
    means = random.standard_normal((WIDTHS[-1], WIDTHS[0]))
    features = random.standard_normal((ROWS, WIDTHS[0])) + 1.5 * means[labels]
    features = 3 + features * np.array([1e-3, 1e-2, 1, 1, 10, 1e4, 0])
    features = features.astype(np.float32)

    x, y = torch.from_numpy(features).double(), torch.from_numpy(labels.astype(np.int64))
    scales = half_whitening(x)
    scaled = (x - x.mean(0)) * scales
    parameters = [
        torch.from_numpy(p).double().requires_grad_()
        for p in philox.initial_parameters(WIDTHS, SEED)
    ]
    optimizer = torch.optim.SGD(parameters, lr=RATE, momentum=0.9, nesterov=True)
    step, epoch = 0, 0
    while step < STEPS:
        for rows in torch.from_numpy(philox.batch_order(SEED, epoch, ROWS)).split(BATCH):
            if step == STEPS:
                break
            optimizer.param_groups[0]["lr"] = rate_at(step)
            optimizer.zero_grad()
            z = scaled[rows]
            for layer in range(0, len(parameters), 2):
                z = z @ parameters[layer].T + parameters[layer + 1]
                if layer + 2 < len(parameters):
                    z = torch.relu(z)
            functional.cross_entropy(z, y[rows]).backward()
            optimizer.step()
            step += 1
        epoch += 1

    trained = [p.detach() for p in parameters]
    trained[0] = trained[0] * scales
    trained[1] = trained[1] - trained[0] @ x.mean(0)
    tensors = {"x": features, "labels": labels, "scales": scales.numpy().astype(np.float32)}
    for layer in range(len(trained) // 2):
        for name, values in (("weight", trained[2 * layer]), ("bias", trained[2 * layer + 1])):
            tensors[f"steady.layers.{layer}.{name}"] = values.numpy().astype(np.float32)
    metadata = {"widths": ",".join(map(str, WIDTHS)), "torch": torch.__version__}
    tensor_file.write(args.out, tensors, metadata)


if __name__ == "__main__":
    main()
