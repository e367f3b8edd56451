"""Writes metrics computed by scikit-learn, SciPy, NumPy and PyTorch, to test ours.

    make_metrics.py --out FILE

Logits of three models for the same rows, their labels and activations, all
random. The expected values are numbers in the metadata, named like the functions
in src/metrics.
"""

import argparse
import json

import numpy as np
import scipy.stats
import tensor_file
import torch
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

ROWS, TEST_ROWS, CLASSES, UNITS, OTHER_UNITS = 60, 40, 5, 7, 4


def softmax(logits):
    return torch.softmax(torch.from_numpy(logits).double(), 1).numpy()


def losses(logits, labels):
    return torch.nn.functional.cross_entropy(
        torch.from_numpy(logits).double(), torch.from_numpy(labels.astype(np.int64)), reduction="none"
    ).numpy()


def margins(logits, labels):
    p = softmax(logits)[np.arange(len(labels)), labels]
    return np.log(p / (1 - p))


def auc(positives, negatives):
    truth = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    return roc_auc_score(truth, np.r_[positives, negatives])


def wilson(hits, rows):
    interval = scipy.stats.binomtest(hits, rows).proportion_ci(method="wilson")
    return [100 * hits / rows, 100 * interval.low, 100 * interval.high]


def alignment(x, y):
    """By the centred Gram matrices, a different formula from the engine's."""
    centre = np.eye(len(x)) - 1 / len(x)
    k, m = centre @ x @ x.T @ centre, centre @ y @ y.T @ centre
    return (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())


def probe(x, labels, test_x, test_labels):
    """Logistic regression, trained to its optimum by a second-order method."""
    mean, scale = x.mean(0), x.std(0)
    x, test_x = (torch.from_numpy((v - mean) / scale) for v in (x, test_x))
    target = torch.from_numpy(labels.astype(np.int64))
    weight = torch.zeros(2, x.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=500, tolerance_grad=1e-12)

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(x @ weight.T + bias, target)
        loss = loss + 0.005 * (weight.square().sum() + bias.square().sum())
        loss.backward()
        return loss

    optimizer.step(closure)
    predicted = (test_x @ weight.T + bias).argmax(1).detach().numpy()
    return 100 * balanced_accuracy_score(test_labels, predicted)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    random = np.random.default_rng(11)

    def normal(*shape):
        return random.standard_normal(shape).astype(np.float32)

    labels = random.integers(0, CLASSES, ROWS).astype(np.uint32)
    test_labels = random.integers(0, CLASSES, TEST_ROWS).astype(np.uint32)
    shift = 2 * np.eye(CLASSES, dtype=np.float32)
    a, b, c = (2 * normal(ROWS, CLASSES) + s * shift[labels] for s in (1.5, 1, 0.5))
    test_a, test_b, test_c = (
        2 * normal(TEST_ROWS, CLASSES) + s * shift[test_labels] for s in (1, 1, 0.5)
    )
    x = np.maximum(0, normal(ROWS, UNITS)).astype(np.float32)
    y = (x[:, :OTHER_UNITS] + 0.5 * normal(ROWS, OTHER_UNITS)).astype(np.float32)
    probed = (labels == 0).astype(np.uint32)
    test_x = np.maximum(0, normal(TEST_ROWS, UNITS)).astype(np.float32)
    test_probed = (test_labels == 0).astype(np.uint32)
    x[:, 0] += probed
    test_x[:, 0] += test_probed

    pa, pb = softmax(a), softmax(b)
    js = np.mean([jensenshannon(p, q) ** 2 for p, q in zip(pa, pb)])
    hits = int(accuracy_score(labels, pa.argmax(1), normalize=False))
    test_hits = int(accuracy_score(test_labels, test_a.argmax(1), normalize=False))
    threshold = losses(b, labels).mean()
    member = [100 * (losses(z, t) <= threshold).mean() for z, t in ((a, labels), (test_a, test_labels))]
    entropy_a, entropy_b = (scipy.stats.entropy(p, axis=1) for p in (pa, pb))

    def calibrated(z, references, t):
        return margins(z, t) - np.mean([margins(r, t) for r in references], axis=0)

    expected = {
        "losses": losses(a, labels).tolist(),
        "margins": margins(a, labels).tolist(),
        "entropies": entropy_a.tolist(),
        "accuracy": wilson(hits, ROWS),
        "shares": [[h, n, wilson(h, n)] for h, n in ((0, 1), (1, 1), (0, 20), (3, 7), (999, 1000))],
        "gap": 100 * (hits / ROWS - test_hits / TEST_ROWS),
        "jensenShannon": js,
        "predictiveEntropy": entropy_a.mean(),
        "zeroRetrainForgetting": 1 - js / np.log(2),
        "completeness": 100 * (a.argmax(1) == b.argmax(1)).mean(),
        "entropyAuc": auc(entropy_a, entropy_b),
        "tiedAuc": auc([1, 2, 2, 3], [2, 2, 0]),
        "membership": [*member, member[0] - member[1]],
        "calibratedAuc": auc(
            calibrated(a, (b, c), labels), calibrated(test_a, (test_b, test_c), test_labels)
        ),
        "alignment": alignment(x.astype(np.float64), y.astype(np.float64)),
        "probe": probe(x.astype(np.float64), probed, test_x.astype(np.float64), test_probed),
    }
    tensors = {
        **{"a": a, "b": b, "c": c, "test.a": test_a, "test.b": test_b, "test.c": test_c},
        **{"labels": labels, "test.labels": test_labels, "x": x, "y": y, "test.x": test_x},
        **{"probed": probed, "test.probed": test_probed},
    }
    metadata = {"widths": f"{UNITS},{CLASSES}", "expected": json.dumps(expected)}
    tensor_file.write(args.out, tensors, metadata)


if __name__ == "__main__":
    main()
