"""Runs commands with a common deadline, and keeps their output."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

TAIL_LINES = 30


class Skip(Exception):
    """A stage cannot run here and is skipped; the message says why."""


class Failure(Exception):
    """A stage has failed; the message says how, `details` holds its findings."""

    def __init__(self, message, **details):
        super().__init__(message)
        self.details = details


@dataclass(frozen=True)
class Finished:
    """A finished command; `code` is None if it ran out of time."""

    code: Optional[int]
    output: str
    log: str  # its stderr

    def tail(self):
        lines = (self.output + "\n" + self.log).strip().splitlines()
        return "\n".join(lines[-TAIL_LINES:])


class Runner:
    """Runs commands in one folder, with one deadline for all."""

    def __init__(self, root, logs, minutes):
        self.root, self.logs = Path(root), Path(logs)
        self.start = time.monotonic()
        self.deadline = self.start + 60 * minutes

    def elapsed(self):
        return time.monotonic() - self.start

    def remaining(self):
        return self.deadline - time.monotonic()

    def say(self, text):
        print(f"[{self.elapsed():6.1f} s] {text}", flush=True)

    def run(self, name, command, seconds=None):
        """
        Runs a command; when its time is up, kills it and its child processes.
        Its output goes to files, because a child that survives would keep a
        pipe open.
        """
        limit = self.remaining()
        if seconds is not None:
            limit = min(limit, seconds)
        if limit <= 0:
            return Finished(None, "", "")
        self.logs.mkdir(parents=True, exist_ok=True)
        out, log = self.logs / f"{name}.out", self.logs / f"{name}.log"
        with out.open("wb") as stdout, log.open("wb") as stderr:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        return Finished(
            code,
            out.read_text(errors="replace"),
            log.read_text(errors="replace"),
        )

    def must(self, name, command, seconds=None):
        """Runs a command. Raises Failure unless it succeeds."""
        finished = self.run(name, command, seconds)
        if finished.code is None:
            raise Failure(f"{name}: its time was up", tail=finished.tail())
        if finished.code != 0:
            raise Failure(
                f"{name} has ended with {finished.code}", tail=finished.tail()
            )
        return finished
