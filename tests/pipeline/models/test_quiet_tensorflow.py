"""Standard error while TensorFlow loads. Each test in a process of its own, whose descriptor 2 is a pipe."""

import subprocess
import sys

import pytest

TWO_THREADS = """
import os
from threading import Event, Thread
from pipeline.models.quiet_tensorflow import quiet_tensorflow

entered, leave = Event(), Event()

def first():
    with quiet_tensorflow():
        entered.set()
        leave.wait()
        os.write(2, b"first within;")

def second():
    second_begins.set()
    with quiet_tensorflow():
        order.append("second")
        os.write(2, b"second within;")

order, second_begins = [], Event()
threads = [Thread(target=each, daemon=True) for each in (first, second)]
threads[0].start()
entered.wait()
threads[1].start()
second_begins.wait()
threads[1].join(0.2)  # it can't get in; without a lock it would leave before the first does
assert not order
leave.set()
for each in threads:
    each.join()
os.write(2, b"after")
"""

PYTHON_MEANWHILE = """
import os, sys
from pipeline.models.quiet_tensorflow import quiet_tensorflow

with quiet_tensorflow():
    os.write(2, b"TensorFlow;")
    with quiet_tensorflow():
        print("inner", end=";", file=sys.stderr)
    print("outer", end=";", file=sys.stderr)
print("after", end="", file=sys.stderr)
"""


def errors_of(program: str, *options: str) -> str:
    """What a Python program writes to standard error; it must succeed."""
    ran = subprocess.run(
        [sys.executable, *options, "-c", program], capture_output=True, check=True, text=True
    )
    return ran.stderr


def test_two_threads_leave_standard_error_as_it_was() -> None:
    assert errors_of(TWO_THREADS) == "after"


@pytest.mark.parametrize("options", [(), ("-u",)])
def test_what_python_writes_meanwhile_is_kept(options: tuple[str, ...]) -> None:
    assert errors_of(PYTHON_MEANWHILE, *options) == "inner;outer;after"
