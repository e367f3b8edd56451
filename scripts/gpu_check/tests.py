"""The stages that run the native tests."""

import json
import re
import shutil

from gpu_check.runner import Failure, Skip

# A filter for the names of tests that compute on the device.
DEVICE_TESTS = "*cuda*:*Cuda*:*CUDA*"
SANITIZER = "compute-sanitizer"
SANITIZER_FOLDERS = ("/usr/local/cuda/bin", "/usr/local/cuda/compute-sanitizer")
# The sanitizer's last line, with the number of its findings.
SUMMARY = {
    "memcheck": re.compile(r"ERROR SUMMARY: (\d+) error"),
    "racecheck": re.compile(r"RACECHECK SUMMARY: (\d+) hazard.*"),
}
# A finding in the sanitizer's output; a refusal to run has none.
FINDING = re.compile(
    r"^========= .*(Invalid|hazard|Race|out of bounds|misaligned|leaked)",
    re.IGNORECASE | re.MULTILINE,
)
LARGEST_EXCERPT = 3000


def count(report):
    """The counts in GoogleTest's JSON report."""
    passed, failed, skipped = 0, [], []
    for suite in report["testsuites"]:
        for test in suite["testsuite"]:
            if test["status"] != "RUN":
                continue
            name = f"{suite['name']}.{test['name']}"
            if "failures" in test:
                failed.append(name)
            elif test.get("result") == "SKIPPED":
                skipped.append(name)
            else:
                passed += 1
    return {"passed": passed, "failed": failed, "skipped": skipped}


def run_tests(runner, program, name, test_filter, seconds):
    """Runs the tests of a filter and counts them. Raises Failure unless all pass."""
    if not program.exists():
        raise Skip("the native tests were not built")
    path = runner.logs / f"{name}.json"
    path.unlink(missing_ok=True)
    finished = runner.run(
        name,
        [
            program,
            f"--gtest_filter={test_filter}",
            f"--gtest_output=json:{path}",
        ],
        seconds,
    )
    if not path.exists():
        how = "time is up" if finished.code is None else f"code {finished.code}"
        raise Failure(
            f"the tests have not finished: {how}", tail=finished.tail()
        )
    counts = count(json.loads(path.read_text()))
    if counts["failed"] or finished.code != 0:
        raise Failure(
            f"{len(counts['failed'])} tests fail",
            **counts,
            tail=finished.tail(),
        )
    if counts["passed"] == 0:
        raise Failure("no test has run", **counts)
    return counts


def find_sanitizer():
    found = shutil.which(SANITIZER)
    for folder in SANITIZER_FOLDERS:
        found = found or shutil.which(SANITIZER, path=folder)
    if not found:
        raise Skip(f"{SANITIZER} is not installed")
    return found


def sanitize(runner, program, tool, test_filter, seconds):
    """Runs tests under a tool of compute-sanitizer and counts its findings."""
    sanitizer = find_sanitizer()
    if not program.exists():
        raise Skip("the native tests were not built")
    finished = runner.run(
        tool,
        [sanitizer, "--tool", tool, program, f"--gtest_filter={test_filter}"],
        seconds,
    )
    text = finished.output + finished.log
    completed = text.count("[       OK ]")
    summary = SUMMARY[tool].search(text)
    findings = int(summary.group(1)) if summary else None
    finding = FINDING.search(SUMMARY[tool].sub("", text))
    if findings or finding:
        start = finding.start() if finding else 0
        raise Failure(
            f"{tool} has found errors",
            findings=findings,
            excerpt=text[start : start + LARGEST_EXCERPT],
        )
    if finished.code is None:
        raise Skip(f"time is up; {completed} tests without a finding")
    if summary is None or completed == 0:
        raise Skip(f"{tool} does not run here: {finished.tail()}")
    if finished.code != 0:
        raise Failure(f"tests fail under {tool}", tail=finished.tail())
    return {"completedTests": completed, "findings": findings}
