"""The stages that measure, and the goals that they check."""

import contextlib
import gzip
import json
import shutil
import tempfile
from pathlib import Path

from gpu_check.runner import Failure, Skip

MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
BOUNDS = {
    "cuda.train.ms": "<= 20, stretch 12 in fast mode",
    "cuda.train.vs_pytorch": ">= 5",
    "cuda.fisher.ms": "<= 3",
    "cuda.scrub_step.us": "<= 15",
    "cuda.evaluate.ms": "<= 0.3",
    "cuda.oracles.s": "<= 1",
}
# Exit codes of the programs.
NO_TORCH, NO_DEVICE = 2, 3


@contextlib.contextmanager
def unpacked(folder):
    """A folder with MNIST's four files uncompressed, as the bench reads them."""
    with tempfile.TemporaryDirectory() as target:
        for name in MNIST_FILES:
            plain, packed = Path(folder) / name, Path(folder) / f"{name}.gz"
            if plain.exists():
                shutil.copyfile(plain, Path(target) / name)
                continue
            if not packed.exists():
                raise Failure(f"neither {plain} nor {packed} exists")
            with gzip.open(packed) as source:
                with (Path(target) / name).open("wb") as copy:
                    shutil.copyfileobj(source, copy)
        yield target


def report_of(name, finished):
    """
    The JSON report of a program. Raises Skip without a CUDA device, and
    Failure if the program has failed, with its report if it wrote one.
    """
    try:
        report = json.loads(finished.output)
    except ValueError:
        how = "time is up" if finished.code is None else f"code {finished.code}"
        raise Failure(
            f"{name} has written no report: {how}", tail=finished.tail()
        ) from None
    if finished.code == NO_DEVICE:
        raise Skip("no CUDA device")
    if finished.code != 0:
        raise Failure(
            f"{name}: something has failed", report=report, tail=finished.log
        )
    return report


def probe(runner, program, seconds):
    if not program.exists():
        raise Skip("bench_cuda_probe was not built: this build has no CUDA")
    finished = runner.run("probe", [program], seconds)
    return report_of("bench_cuda_probe", finished)


def bench(runner, program, mnist, quick, seconds):
    if not program.exists():
        raise Skip("bench_cuda was not built")
    command = [program] + (["--runs", 3, "--models", 12] if quick else [])
    if not mnist:
        return report_of("bench_cuda", runner.run("bench", command, seconds))
    with unpacked(mnist) as folder:
        command += ["--data", folder]
        return report_of("bench_cuda", runner.run("bench", command, seconds))


def peers(runner, python, quick, seconds):
    script = runner.root / "scripts/gpu-peers.py"
    command = [python, script] + (["--runs", 2] if quick else [])
    finished = runner.run("peers", command, seconds)
    if finished.code in (NO_TORCH, NO_DEVICE):
        raise Skip(finished.log.strip())
    return report_of("gpu-peers.py", finished)


def found(report, *path):
    """The value at the path in a nested report, or None."""
    for key in path:
        report = report.get(key) if isinstance(report, dict) else None
    return report


def goals_of(bench_report, peers_report):
    """All goals; null if nothing was measured, or if the bits were wrong."""
    values = {
        goal["id"]: goal["value"] for goal in found(bench_report, "goals") or []
    }
    own = values.get("cuda.train.ms")
    peer = found(peers_report, "float32", "graph", "medianMilliseconds")
    if own and peer:
        values["cuda.train.vs_pytorch"] = peer / own
    return [{"id": goal, "value": values.get(goal)} for goal in BOUNDS]
