"""Runs the reference study in PyTorch: the peer that the benchmarks time.

    study.py --data DIR --seed 42 --threads 2 --setting both --json

Trains the base model, retrains it without the forget set (M0) and scrubs it
(M2), in one setting or both; the settings share the base model. Training is as
fast as plain eager PyTorch makes it: the rows are normalized once and a batch
is an index into them. Prints a table, or with --json one object:

    {"torch", "blas", "core", "threads", "seed",
     "settings": {"zipf" | "exclusive":
       {"forgetRows",
        "base" | "M0" | "M2":
          {"retain", "forget", "test",      accuracy in percent
           "weightDistance",                to M0
           "seconds": {"train"} or {"fisher", "scrub"}}}}}

The core is that of OpenBLAS's kernels, else null.
"""

import argparse
import copy
import json
import os
import sys
import time
from itertools import islice
from pathlib import Path

import torch

# What the tests' fixtures are computed with, too.
sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts/pytorch"))

import blas  # noqa: E402
import openblas  # noqa: E402
import reference  # noqa: E402
from idx import read_mnist  # noqa: E402


def train(x, y, rows):
    """Returns a model trained from scratch and the seconds it took."""
    start = time.perf_counter()
    model = reference.mlp()
    batches = reference.shuffled(rows, reference.EPOCHS)
    reference.train(model, x, y, batches, **reference.SGD)
    return model, {"train": time.perf_counter() - start}


def scrub(base, x, y, forget, retain, options):
    """Returns a scrubbed copy of the model and the seconds it took."""
    start = time.perf_counter()
    model = copy.deepcopy(base)
    fisher = reference.batch_fisher(
        model, x, y, reference.shuffled(retain), options.fisher_samples
    )
    middle = time.perf_counter()
    batches = islice(reference.shuffled(forget), options.max_steps)
    reference.scrub(model, x, batches, fisher, options.lr, options.alpha)
    end = time.perf_counter()
    return model, {"fisher": middle - start, "scrub": end - middle}


def run(data, seed, settings):
    """Returns the results of each setting."""
    torch.manual_seed(seed)
    (x, y), (test_x, test_y) = (
        (reference.normalize(pixels), torch.from_numpy(labels.astype("int64")))
        for pixels, labels in (data["train"], data["t10k"])
    )
    base = train(x, y, torch.arange(len(y)))
    results = {}
    for setting in settings:
        if setting == "zipf":
            forget, retain = reference.zipf_split(len(y), seed)
        else:
            forget, retain = reference.exclusive_split(y)
        m0 = train(x, y, retain)
        m2 = scrub(base[0], x, y, forget, retain, reference.SCRUB[setting])
        results[setting] = {"forgetRows": len(forget)}
        for name, (model, seconds) in (("base", base), ("M0", m0), ("M2", m2)):
            results[setting][name] = {
                "retain": reference.accuracy(model, x, y, retain),
                "forget": reference.accuracy(model, x, y, forget),
                "test": reference.accuracy(model, test_x, test_y),
                "weightDistance": reference.weight_distance(model, m0[0]),
                "seconds": seconds,
            }
    return results


def print_table(report):
    print(
        f"PyTorch {report['torch']}, {report['blas']} {report['core'] or ''},"
        f" {report['threads']} threads, seed {report['seed']}"
    )
    for setting, models in report["settings"].items():
        print(f"\n{setting:10} retain % forget %  test %  distance  seconds")
        for name in ("base", "M0", "M2"):
            m = models[name]
            seconds = sum(m["seconds"].values())
            print(
                f"{name:10} {m['retain']:8.2f} {m['forget']:8.2f}"
                f" {m['test']:7.2f} {m['weightDistance']:9.2f} {seconds:8.2f}"
            )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", default=os.environ.get("MNIST_DIR"))
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--setting", choices=("zipf", "exclusive", "both"), default="both"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name MNIST's folder with --data DIR or MNIST_DIR")

    library, path = blas.find_blas()
    if library == "reference":
        sys.exit(
            "PyTorch runs on the reference BLAS here, twenty times slower"
            " than an optimized one, so its seconds would mean nothing."
            " Install OpenBLAS (Debian: libopenblas0-pthread) and run again."
        )
    blas.set_threads(library, path, options.threads)
    both = options.setting == "both"
    report = {
        "torch": torch.__version__,
        "blas": library,
        "core": openblas.core_name(path) if library == "openblas" else None,
        "threads": options.threads,
        "seed": options.seed,
        "settings": run(
            read_mnist(options.data),
            options.seed,
            ("zipf", "exclusive") if both else (options.setting,),
        ),
    }
    if options.json:
        print(json.dumps(report))
    else:
        print_table(report)


if __name__ == "__main__":
    main()
