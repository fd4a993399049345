"""What operating systems do differently: Linux's own way where it is there, and beside it a portable one.

Nothing else asks which system it runs on. ``FACEINDEX_PORTABLE=1`` takes the portable way on Linux too, as
the tests do. Both need POSIX: sockets between processes, and signals. What only the portable way needs is
imported there, since each process that decodes photos imports this module.
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
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from multiprocessing.shared_memory import SharedMemory as NamedBlock

_MOUNTS = Path("/proc/mounts")


def is_portable() -> bool:
    """Whether the portable way is taken."""
    return sys.platform != "linux" or bool(os.environ.get("FACEINDEX_PORTABLE"))


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if is_portable():
        return os.cpu_count() or 1
    return len(os.sched_getaffinity(0))


def mounts() -> bytes | None:
    """What is mounted, as /proc/mounts says it: device, place, kind. ``None`` where no such list is kept."""
    if is_portable():
        return None
    try:
        return _MOUNTS.read_bytes()
    except OSError:
        return None


def path_of(file: BufferedIOBase | RawIOBase | BinaryIO) -> str | None:
    """A path by which libraries open the very file that is open here, whatever its name means by now."""
    return None if is_portable() else f"/dev/fd/{file.fileno()}"


class SharedMemory(Protocol):
    """Memory that one process makes, and gives to another.

    Attributes:
        size: Bytes.
        name: By which the other process finds it; ``None`` where it is given the descriptor.
        descriptor: To be passed to the other process; ``None`` where that finds it by its name.
    """

    @property
    def size(self) -> int: ...  # noqa: D102

    @property
    def name(self) -> str | None: ...  # noqa: D102

    @property
    def descriptor(self) -> int | None: ...  # noqa: D102

    def buffer(self) -> memoryview:
        """The memory itself, to be written."""

    def pixels(self, count: int) -> NDArray[np.uint8]:
        """The first bytes, uint8 [count]; perhaps the memory itself."""

    def freeze(self) -> None:
        """Allow nobody to change the content any more; nothing may hold the buffer."""

    def close(self) -> None:
        """Let go of it; it is gone when the other process has let go too."""


def share(size: int) -> SharedMemory:
    """Memory of so many bytes, at least one, that can be given to another process.

    On Linux it is sealed: nobody who is given it can shrink it, so no access to it ever fails.

    Raises:
        MemoryError: There is not enough.
    """
    try:
        return _NamedMemory.made(size) if is_portable() else _SealedMemory.made(size)
    except OSError as error:
        raise MemoryError(f"no room for {size} bytes that two processes share") from error


def attach(size: int, name: str | None, descriptor: int | None) -> SharedMemory:
    """Memory that another process has made, given by one of both; a descriptor is closed.

    Raises:
        MemoryError: There is not enough.
    """
    try:
        if descriptor is None:
            return _NamedMemory.found(size, name)
        memory = _SealedMemory(size, descriptor)
        memory.close_descriptor()
        return memory
    except OSError as error:
        raise MemoryError(f"no room for {size} bytes that two processes share") from error


def open_content(size: int, name: str | None, descriptor: int | None) -> BinaryIO:
    """The content of memory, or of a file, that another process has open; a descriptor is closed with it."""
    if descriptor is not None:
        stream = os.fdopen(descriptor, "rb")
        stream.seek(0)  # the position is shared with the other process
        return stream
    memory = _NamedMemory.found(size, name)
    try:
        return io.BytesIO(memory.pixels(size).tobytes())
    finally:
        memory.close()


class _SealedMemory:
    """An anonymous file of Linux that cannot change its size (memfd_create(2), fcntl(2))."""

    name: str | None = None

    def __init__(self, size: int, descriptor: int) -> None:
        self.size = size
        self.descriptor: int | None = descriptor
        try:
            self._map: mmap.mmap | None = mmap.mmap(descriptor, size)
        except BaseException:
            os.close(descriptor)
            raise

    @classmethod
    def made(cls, size: int) -> "_SealedMemory":
        descriptor = os.memfd_create("faceindex", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, size)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(size, descriptor)

    def buffer(self) -> memoryview:
        return memoryview(self._mapped())

    def pixels(self, count: int) -> NDArray[np.uint8]:
        return np.frombuffer(self._mapped(), np.uint8, count)

    def freeze(self) -> None:
        self._mapped().close()
        self._map = None
        fcntl.fcntl(self._open(), fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)

    def close(self) -> None:
        self._map = None  # pixels that are still looked at keep it
        self.close_descriptor()

    def close_descriptor(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _mapped(self) -> mmap.mmap:
        if self._map is None:
            raise ValueError("the memory is frozen or closed")
        return self._map

    def _open(self) -> int:
        if self.descriptor is None:
            raise ValueError("the memory is closed")
        return self.descriptor


class _NamedMemory:
    """POSIX shared memory under a name. macOS lets nobody change its size; Linux does."""

    descriptor: int | None = None

    def __init__(self, size: int, block: "NamedBlock", *, own: bool) -> None:
        self.size = size
        self.name: str | None = block.name
        self._block = block
        self._own = own

    @classmethod
    def made(cls, size: int) -> "_NamedMemory":
        from multiprocessing.shared_memory import SharedMemory as NamedBlock

        return cls(size, NamedBlock(create=True, size=size), own=True)

    @classmethod
    def found(cls, size: int, name: str | None) -> "_NamedMemory":
        from multiprocessing import resource_tracker
        from multiprocessing.shared_memory import SharedMemory as NamedBlock

        # Up to Python 3.12 whoever attaches memory also removes it at its end, unless kept from noting it.
        noting, resource_tracker.register = resource_tracker.register, lambda *_: None
        try:
            return cls(size, NamedBlock(name), own=False)
        finally:
            resource_tracker.register = noting

    def buffer(self) -> memoryview:
        return self._open()

    def pixels(self, count: int) -> NDArray[np.uint8]:
        # A copy for whoever made it: its memory cannot be closed while somebody looks at it.
        found = np.frombuffer(self._open(), np.uint8, count)
        return found.copy() if self._own else found

    def freeze(self) -> None:
        pass

    def _open(self) -> memoryview:
        if self._block.buf is None:
            raise ValueError("the memory is closed")
        return self._block.buf

    def close(self) -> None:
        if self._own:
            self._own = False
            with contextlib.suppress(FileNotFoundError):
                self._block.unlink()
        with contextlib.suppress(BufferError):
            self._block.close()


def confine_reader(parent: int) -> None:
    """Have this process end with its parent, leave no core file, and go first when memory runs out.

    Args:
        parent: A pipe that nobody writes to, whose other end the parent closes when it ends.
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
    """Allow this process so many bytes of address space in all; only Linux holds it to that."""
    if is_portable():
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    allowed = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


class HeldLock(Protocol):
    """A lock that this process holds."""

    def release(self) -> None:
        """Let others have it."""


def try_lock(path: Path, descriptor: int) -> HeldLock | None:
    """Lock a file that is open, without waiting; ``None`` where another process holds it.

    The lock ends with the process. The file is never deleted: two processes might lock two files of one name.

    Args:
        path: The file. The portable way locks a file beside it, whose name ends in ``.held``.
        descriptor: Of the file, open to write.
    """
    if is_portable():
        from filelock import FileLock, Timeout

        beside = FileLock(f"{path}.held", timeout=0)
        try:
            beside.acquire()
        except Timeout:
            return None
        return beside
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return _Flock(descriptor)


class _Flock:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
