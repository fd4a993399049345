import threading

from pipeline.memory import MemoryBudget
from tests.waiting import SECONDS, is_blocked, wait_until


def wait_until_blocked(budget: MemoryBudget, holder: str, size: int, *, may_exceed: bool) -> threading.Thread:
    """A thread that wants to hold memory, and is seen to wait."""

    def hold() -> None:
        budget.hold(holder, size, may_exceed=may_exceed)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    wait_until(lambda: is_blocked(thread))
    return thread


def ends(waiting: threading.Thread) -> bool:
    waiting.join(SECONDS)
    return not waiting.is_alive()


def test_what_fits_is_given_at_once_and_one_holder_may_go_beyond() -> None:
    budget = MemoryBudget(100)
    budget.hold("a", 60)
    budget.hold("b", 40)
    budget.hold("panorama", 1000, may_exceed=True)
    waiting = wait_until_blocked(budget, "c", 1, may_exceed=True)
    budget.hold("panorama", 1500, may_exceed=True)  # it is beyond already, and never waits again
    budget.hold("panorama", 0)
    budget.hold("a", 10)
    assert ends(waiting)


def test_photos_that_find_they_need_more_do_not_wait_for_each_other() -> None:
    budget = MemoryBudget(100)
    budget.hold("a", 50)
    budget.hold("b", 50)
    budget.hold("a", 130, may_exceed=True)
    waiting = wait_until_blocked(budget, "b", 130, may_exceed=True)
    budget.hold("a", 50)  # beyond no more, though it still holds what it began with
    assert ends(waiting)


def test_content_waits_until_it_fits_or_nobody_else_holds_any() -> None:
    budget = MemoryBudget(100)
    budget.hold("a", 60)
    waiting = wait_until_blocked(budget, "b", 200, may_exceed=False)
    budget.hold("a", 80, may_exceed=True)
    assert waiting.is_alive()
    budget.hold("a", 0)
    assert ends(waiting)
    budget.hold("c", 10, may_exceed=True)  # b is large, but nothing waits for it


def test_giving_back_more_than_once_or_nothing_does_no_harm() -> None:
    budget = MemoryBudget(100)
    budget.hold("nobody", 0)
    budget.hold("a", 100)
    budget.hold("a", 0)
    budget.hold("a", 0)
    budget.hold("b", 100)
