"""What operating systems do differently, both ways: Linux's own, and the portable one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.platform_support import (
    SharedMemory,
    filled_memory,
    map_shared,
    mounts,
    open_content,
    try_lock,
    unlock,
    usable_cores,
)

pytestmark = pytest.mark.usefixtures("way")

HOLD = """
import sys
from pathlib import Path
from pipeline.platform_support import try_lock
path = Path(sys.argv[1])
with path.open("r+b") as file:
    print(try_lock(file.fileno()), flush=True)
    sys.stdin.read()
"""


def test_what_one_writes_to_shared_memory_the_other_sees() -> None:
    ours = SharedMemory(6)
    theirs = map_shared(ours.size, os.dup(ours.descriptor))
    theirs.reshape(1, 2, 3)[:] = [[[1, 2, 3], [4, 5, 6]]]
    np.testing.assert_array_equal(ours.array()[:5], [1, 2, 3, 4, 5])
    del theirs
    ours.close()
    ours.close()
    with pytest.raises(ValueError, match="closed"):
        ours.array()


def test_content_that_is_frozen_is_read_from_its_start_as_often_as_is_asked() -> None:
    memory = SharedMemory(5)
    memory.array()[:] = list(b"photo")
    memory.freeze()
    for _ in range(2):
        with open_content(5, os.dup(memory.descriptor)) as stream:
            assert stream.read() == b"photo"
    memory.close()


def test_memory_that_is_too_much_is_a_memory_error() -> None:
    with pytest.raises(MemoryError):
        SharedMemory(1 << 62)


def test_a_lock_is_held_by_one_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    )
    with holder, path.open("r+b") as file:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        assert not try_lock(file.fileno())
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert try_lock(file.fileno())
        unlock(file.fileno())
    assert path.exists()


def test_what_a_system_does_not_tell_is_none() -> None:
    assert mounts() is None or b" / " in (mounts() or b"")
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("size", [0, 1000, 64 << 20])
def test_new_memory_can_be_written(size: int) -> None:
    memory = filled_memory(size)
    memory[:] = 7
    assert (len(memory), memory.dtype, int(memory.sum(dtype=np.int64))) == (
        size,
        np.dtype(np.uint8),
        7 * size,
    )
