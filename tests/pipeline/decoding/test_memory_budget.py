import threading

from pipeline.decoding.memory_budget import MemoryBudget
from tests.waiting import SECONDS, is_blocked, wait_until


def wait_until_blocked(budget: MemoryBudget, holder: object, size: int) -> threading.Thread:
    """A thread that takes from the budget, and is seen to wait."""
    thread = threading.Thread(target=budget.take, args=(holder, size), daemon=True)
    thread.start()
    wait_until(lambda: is_blocked(thread))
    return thread


def test_what_fits_is_given_at_once_and_one_holder_may_go_beyond() -> None:
    budget = MemoryBudget(100)
    budget.take("a", 60)
    budget.take("b", 40)
    budget.take("panorama", 1000)
    waiting = wait_until_blocked(budget, "c", 1)
    budget.take("panorama", 500)  # it is beyond already, and never waits again
    budget.give_back("panorama")
    waiting.join(SECONDS)
    assert not waiting.is_alive()


def test_photos_that_find_they_need_more_do_not_wait_for_each_other() -> None:
    budget = MemoryBudget(100)
    budget.take("a", 50)
    budget.take("b", 50)
    budget.take("a", 80)
    waiting = wait_until_blocked(budget, "b", 80)
    budget.give_back("a")
    waiting.join(SECONDS)
    assert not waiting.is_alive()


def test_giving_back_more_than_once_or_nothing_does_no_harm() -> None:
    budget = MemoryBudget(100)
    budget.give_back("nobody")
    budget.take("a", 100)
    budget.give_back("a")
    budget.give_back("a")
    budget.take("b", 100)
