"""What the benchmarks share: commands run as processes of their own, the machine, tables."""

import os
import platform
import resource
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import TIMEOUT_MAX, Timer

import platformdirs

from benchmarks.memory import PeakMemory

CACHE = platformdirs.user_cache_path("faceindex-benchmarks")
"""Compiled networks, and weights drawn at random: apart from the user's own, which a scan would take."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command printed and took.

    Attributes:
        output: Its standard output.
        seconds: From start to end, by the clock on the wall.
        processor_seconds: Of all cores together, of it and of the processes it started and waited for.
        peak_bytes: The most memory that it and the processes it started held at a time.
    """

    output: str
    seconds: float
    processor_seconds: float
    peak_bytes: int


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, limit: float | None = None
) -> Finished:
    """Run a command to its end, as it runs where it was installed: from the second time on with bytecode.

    Raises:
        subprocess.CalledProcessError: It failed, or ran for longer than ``limit`` seconds and was killed;
            what it said on standard error is passed on.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**installed(), **(environment or {})}
    ) as process:
        if process.stdout is None:
            raise TypeError("no pipe to the process")
        timer = Timer(limit or TIMEOUT_MAX, process.kill)
        timer.start()
        with PeakMemory(process.pid) as memory:
            output = process.stdout.read()
        timer.cancel()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command), output)
    seconds = time.perf_counter() - started
    return Finished(
        output, seconds, usage.ru_utime + usage.ru_stime, max(memory.peak_bytes, _own_peak(usage))
    )


def _own_peak(usage: resource.struct_rusage) -> int:
    """The most memory that a process held, in bytes; 0 if that may be what this one held as it started it.

    Linux counts that as the new process's too: until it runs its program, it shares this one's memory.
    """
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage.ru_maxrss * 1024 if usage.ru_maxrss > ours else 0


def installed() -> dict[str, str]:
    """The environment, with bytecode written: pip does that once, where a checkout may forbid it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def machine() -> str:
    """The machine in one line: processor, cores, memory, Python."""
    with open("/proc/cpuinfo") as file:
        facts = dict(line.split(":", 1) for line in file if ":" in line)
    name = next((facts[key].strip() for key in facts if key.startswith("model name")), platform.machine())
    flags = facts.get(next((key for key in facts if key.startswith("flags")), ""), "").split()
    wide = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{name} ({' '.join(wide)}), {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def print_table(heading: Sequence[str], lines: Iterable[Sequence[str]], *, of_numbers: bool = False) -> None:
    """Print a table in Markdown; one of numbers has all columns but the first to the right."""
    print("| " + " | ".join(heading) + " |")
    print("| --- |" + (" ---: |" if of_numbers else " --- |") * (len(heading) - 1))
    for line in lines:
        print("| " + " | ".join(line) + " |", flush=True)
