"""scikit-learn's MLPClassifier on given rows: the peer of `npm run bench:recipes`.

    mlp_classifier.py

Begins with {"sklearn": its version}. Answers one JSON object a line for each on
stdin,

    {"train", "test": {"features", "labels", "columns"}, "hidden", "seed", "scale"}

where features and labels are files of float32 and uint32, with

    {"seconds", "epochs", "retain", "test", "macroRecall"}    accuracies in percent

The defaults of MLPClassifier (Adam, batches of 200 rows), but for rows by the
thousand it stops where held-out rows have not gained for five epochs, after 50
at most; otherwise after 500. "scale": with a StandardScaler before it.
"""

import json
import sys
import time
import warnings

import numpy
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import recall_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

MANY_ROWS = 2000
MANY = {"early_stopping": True, "n_iter_no_change": 5, "max_iter": 50}
FEW = {"max_iter": 500}


def read_rows(features, labels, columns):
    x = numpy.fromfile(features, numpy.float32).reshape(-1, columns)
    return x, numpy.fromfile(labels, numpy.uint32)


def scaled(train, test):
    scaler = StandardScaler().fit(train)
    return [scaler.transform(x).astype(numpy.float32) for x in (train, test)]


def run(train, test, hidden, seed, scale):
    x, y = read_rows(**train)
    test_x, test_y = read_rows(**test)
    start = time.perf_counter()
    if scale:
        x, test_x = scaled(x, test_x)
    options = MANY if len(x) >= MANY_ROWS else FEW
    model = MLPClassifier(tuple(hidden), random_state=seed, **options)
    model.fit(x, y)
    seconds = time.perf_counter() - start
    predicted = model.predict(test_x)
    present = numpy.unique(test_y)
    recall = recall_score(
        test_y, predicted, labels=present, average="macro", zero_division=0
    )
    return {
        "seconds": seconds,
        "epochs": model.n_iter_,
        "retain": 100 * float((model.predict(x) == y).mean()),
        "test": 100 * float((predicted == test_y).mean()),
        "macroRecall": 100 * float(recall),
    }


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(json.dumps({"sklearn": sklearn.__version__}), flush=True)
    for line in sys.stdin:
        try:
            answer = run(**json.loads(line))
        except ValueError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
