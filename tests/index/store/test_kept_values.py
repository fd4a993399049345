"""Values are kept until somebody commits, and no longer."""

from sqlalchemy import insert

from index.store.kept_values import MOST, KeptValues
from index.store.schema import root
from index.store.store import Store


def test_a_value_is_made_again_once_the_store_has_changed(database: Store) -> None:
    kept, made = KeptValues(database), iter(range(10))
    assert [kept.get("a", lambda: next(made)) for _ in range(3)] == [0, 0, 0]
    assert kept.get("b", lambda: next(made)) == 1
    with database.write() as connection:
        connection.execute(insert(root).values(path=b"/photos"))
    assert [kept.get("a", lambda: next(made)) for _ in range(2)] == [2, 2]


def test_what_was_committed_while_a_value_was_read_makes_it_stale(database: Store) -> None:
    kept = KeptValues(database)

    def read() -> str:
        with database.write() as connection:
            connection.execute(insert(root).values(path=b"/photos"))
        return "before"

    assert kept.get("a", read) == "before"
    assert kept.get("a", lambda: "after") == "after"


def test_the_values_used_last_are_kept(database: Store) -> None:
    kept = KeptValues(database)
    for each in range(MOST + 1):
        kept.get(each, lambda: "first")
        kept.get(0, lambda: "again")
    assert kept.get(0, lambda: "new") == "first"
    assert kept.get(1, lambda: "new") == "new"
