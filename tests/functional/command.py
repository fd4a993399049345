"""Runs the command line as a user does: a process of its own, in a home of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from tests.waiting import SECONDS

CHECKOUT = Path(__file__).resolve().parents[2]

Argument: TypeAlias = str | bytes | Path | int | float


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Standard output, where it is JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        """The last line of ``scan --json``."""
        return self.objects[-1]

    @property
    def complaint(self) -> str:
        """What stands on standard error: one line, and nothing of a traceback."""
        (line,) = self.err.splitlines()
        return line


@dataclass(frozen=True)
class CommandLine:
    """The command line with one library and nothing of the caller's environment."""

    home: Path
    cache: Path
    library: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()
    """What the command is run by, as a program that takes rights away."""

    def run(self, *arguments: Argument, **environment: str) -> Ran:
        """Run a command on the library to its end."""
        there = replace(self, environment={**self.environment, **environment})
        with there.start(*arguments) as process:
            return self.end(process)

    def start(
        self, *arguments: Argument, terminal: int = subprocess.PIPE, reading: int = subprocess.DEVNULL
    ) -> "subprocess.Popen[bytes]":
        """Start a command on the library, in pipes or on a terminal, ``reading`` from a file or nothing."""
        return subprocess.Popen(
            [
                *self.wrapper,
                sys.executable,
                "-m",
                "faceindex",
                "--library",
                self.library,
                *map(_argument, arguments),
            ],
            stdin=reading,
            stdout=terminal,
            stderr=terminal,
            cwd=self.folder,
            env=self.variables,
        )

    def end(self, process: "subprocess.Popen[bytes]") -> Ran:
        """Wait for a command. Whatever it printed is fit for a terminal."""
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        ran = Ran(process.returncode, out.decode(), err.decode())
        for text in (ran.out, ran.err):
            assert all(each.isprintable() or each in "\n\u200c\u200d" for each in text), (
                f"control characters in {text!r}"
            )
        return ran

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a command."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "FACEINDEX_CACHE_DIR": str(self.cache),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH")))),
            "PYTHONSAFEPATH": "1",  # as where it is started by its script: the working directory is no module
            "HTTPS_PROXY": "http://127.0.0.1:9",  # nobody listens there: no test reaches a network
            **self.environment,
        }


def _argument(argument: Argument) -> str | bytes | Path:
    return argument if isinstance(argument, str | bytes | Path) else str(argument)
