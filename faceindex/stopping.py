"""Ctrl-C and SIGTERM: stop a run without losing finished work.

Before a command begins, a signal ends the process at once. After that it is an exception in the main thread,
held back while results are stored. A command imports this first, so it imports nothing that takes time.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """SIGTERM, as an exception in the main thread: it ends a run just as Ctrl-C does."""


def leave_at_once() -> None:
    """End the process on Ctrl-C without a message, while modules are being imported."""
    _handle_interrupts(lambda number, frame: os._exit(EXIT_INTERRUPTED))


def stop_cleanly() -> None:
    """Make Ctrl-C and SIGTERM exceptions, so that a run can store its results."""
    signal.signal(signal.SIGTERM, _stop)
    _handle_interrupts(_stop)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back until the block ends. Only the main thread ever receives them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = {number: signal.getsignal(number) for number in _SIGNALS}
    handled = [number for number in _SIGNALS if callable(usual[number])]
    for number in handled:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, usual[number])
        for late in came[:1]:
            signal.raise_signal(late)


def _handle_interrupts(handler: "signal._HANDLER") -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # a shell ignores it for background jobs
        signal.signal(signal.SIGINT, handler)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End the run once; a second Ctrl-C must not interrupt the storing of results."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped if number == signal.SIGTERM else KeyboardInterrupt
