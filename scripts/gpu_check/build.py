"""The stage that configures and compiles, with plain CMake."""

import os
import shutil

TOOLKIT = "/usr/local/cuda/bin"
OPTIONS = (
    "LETHE_TESTS=ON",
    "LETHE_BENCH=ON",
    # Lists tests when they run, not during the build: the program may have
    # to wake the device.
    "CMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST",
)


def find_nvcc():
    return shutil.which("nvcc") or shutil.which("nvcc", path=TOOLKIT)


def build(runner, folder, programs, options):
    """Builds with CUDA if its toolkit is installed, otherwise without."""
    nvcc = find_nvcc()
    command = ["cmake", "-S", runner.root, "-B", folder]
    cache = folder / "CMakeCache.txt"
    if not cache.exists() and shutil.which("ninja"):
        command += ["-G", "Ninja"]
    defines = [*OPTIONS, f"LETHE_CUDA={'ON' if nvcc else 'OFF'}"]
    if nvcc and not shutil.which("nvcc"):
        defines.append(f"CMAKE_CUDA_COMPILER={nvcc}")
    command += [f"-D{define}" for define in [*defines, *options]]
    # A program of an earlier build must not be mistaken for this build's.
    for program in programs:
        program.unlink(missing_ok=True)
    runner.must("configure", command)
    is_ninja = "CMAKE_GENERATOR:INTERNAL=Ninja" in cache.read_text()
    keep_going = ["-k", "0"] if is_ninja else ["-k"]
    jobs = ["--parallel", os.cpu_count()]
    runner.must("build", ["cmake", "--build", folder, *jobs, "--", *keep_going])
    return {"nvcc": nvcc, "configure": " ".join(map(str, command))}
