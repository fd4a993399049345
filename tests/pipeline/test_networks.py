"""Networks that load in the background."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
from threading import Event
from pipeline.networks import NetworkLoader
from pipeline.timing import StageClock

begun = Event()

def load():
    begun.set()
    Event().wait(0.2)
    print("loaded")

NetworkLoader(load, StageClock()).start()
begun.wait()
print("ends")
"""


def test_a_program_that_ends_waits_for_networks_that_load() -> None:
    """Python would end their thread inside a library, which aborts the process."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=False
    )
    assert (ran.returncode, ran.stdout.split()) == (0, ["ends", "loaded"])
