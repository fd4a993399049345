"""What differs between operating systems: Linux's own way, and a portable one beside it.

No other module asks for the system. ``FACEINDEX_PORTABLE=1`` takes the portable way on Linux too, as the
tests do. Both need POSIX: descriptors passed through sockets, flock, and signals.
"""

import contextlib
import fcntl
import io
import mmap
import os
import resource
import signal
import sys
import threading
import weakref
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

LARGEST_SHARED = 256 << 20
"""Bytes. The content of a larger file is not shared: whoever decodes it reads the file itself."""


_SMALL = 1 << 20
"""Bytes up to which new memory costs next to nothing."""


def is_portable() -> bool:
    """Return whether to take the portable way."""
    return sys.platform != "linux" or bool(os.environ.get("FACEINDEX_PORTABLE"))


def usable_cores() -> int:
    """Count the processor cores that this process may use."""
    if is_portable():
        return os.cpu_count() or 1
    return len(os.sched_getaffinity(0))


def mounts() -> bytes | None:
    """Return the content of /proc/mounts (device, place, kind); ``None`` where there is none."""
    if is_portable():
        return None
    try:
        return Path("/proc/mounts").read_bytes()
    except OSError:
        return None


def mount_table() -> bytes | None:
    """Return the content of /proc/self/mountinfo (proc(5)); ``None`` where there is none."""
    if is_portable():
        return None
    try:
        return Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return None


def filled_memory(size: int) -> NDArray[np.uint8]:
    """Return new memory that will soon be filled: uint8 [size]; MemoryError if there is too little.

    On Linux the kernel provides all pages at once. NumPy asks for huge pages, which took three times as long.
    """
    if is_portable() or size < _SMALL:
        return np.empty(size, np.uint8)
    try:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
        return np.frombuffer(mmap.mmap(-1, size, flags=flags), np.uint8)
    except OSError as error:
        raise MemoryError(f"there is no memory for {size} bytes") from error


class SharedMemory:
    """Memory that one process makes and another maps by its descriptor; MemoryError if there is too little.

    On Linux an anonymous file with a sealed size (memfd_create(2)): no access fails, whatever the other
    process does. Elsewhere POSIX shared memory (shm_open(3)), which nobody can resize on macOS.

    Attributes:
        size: Bytes, at least one.
        descriptor: For the other process; valid until ``close``.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._map: mmap.mmap | None = None
        try:
            self.descriptor = _create_anonymous()
            self._close = weakref.finalize(self, os.close, self.descriptor)
            os.ftruncate(self.descriptor, size)
            if not is_portable():
                fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
            self._map = mmap.mmap(self.descriptor, size)
        except OSError as error:
            raise MemoryError(f"there is no memory for {size} bytes that two processes share") from error

    def array(self) -> NDArray[np.uint8]:
        """Return the memory itself: uint8 [size]. Drop it before ``freeze``; it may outlive ``close``."""
        if self._map is None:
            raise ValueError("the memory is frozen or closed")
        return np.frombuffer(self._map, np.uint8)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return some bytes, frozen or not, fewer where it ends."""
        if not is_portable():
            return os.pread(self.descriptor, length, offset)
        with mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ) as content:
            return content[offset : offset + length]

    def freeze(self) -> None:
        """Make the content immutable on Linux, and unmap it here."""
        if self._map is not None:
            self._map.close()
            self._map = None
        if not is_portable():
            fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)

    def close(self) -> None:
        """Release it; the memory is freed when the other process has released it too."""
        self._map = None
        self._close()


def _create_anonymous() -> int:
    if not is_portable():
        return os.memfd_create("faceindex", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    # What multiprocessing.shared_memory opens its descriptor with, and does not give away.
    import _posixshmem  # type: ignore[import-not-found]

    name = f"/faceindex-{os.urandom(6).hex()}"
    descriptor = _posixshmem.shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    _posixshmem.shm_unlink(name)
    return int(descriptor)


def map_shared(size: int, descriptor: int) -> NDArray[np.uint8]:
    """Map another process's ``SharedMemory``: uint8 [size]. Closes the descriptor; may raise MemoryError."""
    try:
        return np.frombuffer(mmap.mmap(descriptor, size), np.uint8)
    except OSError as error:
        raise MemoryError(f"{size} bytes cannot be mapped") from error
    finally:
        os.close(descriptor)


def open_content(size: int, descriptor: int, is_file: bool = False) -> BinaryIO:
    """Open another process's ``SharedMemory``, or a file, as a stream; the descriptor is closed with it.

    What is known to be a file is never read into memory.
    """
    stream = os.fdopen(descriptor, "rb")
    if (
        is_portable() and size <= LARGEST_SHARED and not is_file
    ):  # macOS can map shared memory, but not read it
        with stream, mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as content:
            return io.BytesIO(content)
    stream.seek(0)  # the position is shared with the other process
    return stream


def confine_reader(parent: int) -> None:
    """End this process with its parent, leave no core file, and be killed first when memory runs out.

    ``parent`` is a pipe that nobody writes to and whose other end closes with the parent.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if is_portable():
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        return
    # The kernel kills this process when the pipe is closed, whatever it is at.
    fcntl.fcntl(parent, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(parent, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(parent, fcntl.F_SETFL, fcntl.fcntl(parent, fcntl.F_GETFL) | os.O_ASYNC)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _end_with(parent: int) -> None:
    os.read(parent, 1)
    os._exit(1)


def limit_memory(size: int) -> None:
    """Limit the address space of this process, in bytes; only Linux enforces it."""
    if is_portable():
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    allowed = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def try_lock(descriptor: int) -> bool:
    """Lock an open file until this process ends; return ``False`` at once if another holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Release the lock of ``try_lock``."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
