from concurrent.futures import CancelledError
from threading import Barrier, Event, current_thread
from time import monotonic

import pytest

from pipeline.sources.storage_threads import StorageThreads
from tests.waiting import SECONDS


def test_calls_are_made_side_by_side_by_no_more_threads_than_allowed() -> None:
    threads, together = StorageThreads("test", 4), Barrier(4, timeout=SECONDS)
    names = set[str]()

    def meet(number: int) -> int:
        names.add(str(current_thread().ident))
        together.wait()  # breaks unless four come
        return number

    futures = [threads.submit(meet, number) for number in range(16)]
    assert [future.result(SECONDS) for future in futures] == list(range(16))
    assert len(names) == 4
    threads.stop(monotonic() + SECONDS)


def test_a_thread_that_is_free_is_used_again() -> None:
    threads = StorageThreads("test", 4)
    names = {threads.submit(lambda: current_thread().ident).result(SECONDS) for _ in range(8)}
    assert len(names) == 1
    threads.stop(monotonic() + SECONDS)


def test_an_error_is_raised_where_the_result_is_wanted() -> None:
    threads = StorageThreads("test", 1)
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 1, 0).result(SECONDS)
    assert threads.submit(divmod, 1, 1).result(SECONDS) == (1, 0)
    threads.stop(monotonic() + SECONDS)


def test_the_end_waits_for_no_call_that_is_never_answered_and_makes_no_further_ones() -> None:
    threads, begun, answer = StorageThreads("test", 1), Event(), Event()

    def read() -> None:
        begun.set()
        answer.wait()

    dead = threads.submit(read)
    later = threads.submit(answer.is_set)
    assert begun.wait(SECONDS)
    threads.stop(monotonic())
    assert later.cancelled()
    assert not dead.done()
    answer.set()
    dead.result(SECONDS)
    with pytest.raises(CancelledError):
        threads.submit(answer.is_set).result(SECONDS)
