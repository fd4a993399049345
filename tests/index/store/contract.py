"""What every store does, whatever keeps it: a backend's tests inherit these classes and say which it is."""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from index.errors import LibraryError, LibraryInaccessible, LibraryMissing, LockHeld
from index.store.schema import content, decision, person, photo, root, stored_face
from index.store.statements import HasDeclaredType, insert_new, is_one_of, is_under, last_id, upsert
from index.store.store import Access, Backend, Store
from index.values import Thumbnail

MANY = 100_000
"""More ids than any backend takes parameters."""


def made_content(number: int) -> dict[str, object]:
    return {"id": number, "digest": number.to_bytes(32), "width": 1, "height": 1}


def made_person(number: int, name: str = "Anna") -> dict[str, object]:
    return {"key": f"{number:032x}", "name": name, "hidden": False}


class StoreContract:
    """Transactions, statements and upkeep of an open store."""

    @pytest.fixture
    def backend(self) -> Backend:
        raise NotImplementedError

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "library"

    @pytest.fixture
    def store(self, backend: Backend, path: Path) -> Iterator[Store]:
        with backend.create(path) as store:
            yield store

    def roots(self, store: Store) -> list[bytes]:
        with store.read() as connection:
            return list(connection.scalars(select(root.c.path).order_by(root.c.id)))

    def test_what_was_committed_is_there_for_all(self, backend: Backend, path: Path, store: Store) -> None:
        assert store.path == path
        with store.write() as connection:
            insert_new(connection, root, [{"path": b"/\xff"}])
        assert self.roots(store) == [b"/\xff"]
        with backend.open(path, Access.READ) as reader:
            assert self.roots(reader) == [b"/\xff"]

    def test_a_block_that_raises_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(IntegrityError), store.write() as connection:
            connection.execute(insert(root), [{"path": b"/a"}, {"path": b"/b"}, {"path": b"/a"}])
        assert self.roots(store) == []

    def test_a_reader_sees_one_state(self, backend: Backend, path: Path, store: Store) -> None:
        with backend.open(path, Access.READ) as other, other.read() as connection:
            query = select(func.count()).select_from(root)
            assert connection.scalar(query) == 0
            writer = threading.Thread(target=self._add_root, args=(store,))
            writer.start()
            # Whether the writer waits for the reader or not, nothing of it is seen.
            for _ in range(100):
                assert connection.scalar(query) == 0
        writer.join()
        assert self.roots(store) == [b"/new"]

    def _add_root(self, store: Store) -> None:
        with store.write() as connection:
            connection.execute(insert(root), [{"path": b"/new"}])

    def test_writers_come_one_after_the_other(self, store: Store) -> None:
        def add() -> None:
            for _ in range(25):
                with store.write() as connection:
                    highest = connection.scalar(select(func.max(root.c.id))) or 0
                    connection.execute(insert(root), [{"path": b"/%d" % highest}])

        writers = [threading.Thread(target=add) for _ in range(4)]
        for each in writers:
            each.start()
        for each in writers:
            each.join()
        assert self.roots(store) == [b"/%d" % number for number in range(100)]

    def test_a_reader_cannot_write(self, backend: Backend, path: Path, store: Store) -> None:
        with (
            backend.open(path, Access.READ) as reader,
            pytest.raises(LibraryInaccessible),
            reader.write() as connection,
        ):
            connection.execute(insert(root), [{"path": b"/a"}])
        assert self.roots(store) == []

    def test_references_are_enforced(self, store: Store) -> None:
        with pytest.raises(IntegrityError), store.write() as connection:
            connection.execute(insert(photo), [{"path": b"/a", "size": 1, "mtime_ns": 1, "content_id": 99}])
        assert store.dangling_rows() == {}
        store.delete_dangling_rows()

    def test_what_belongs_to_a_row_goes_with_it(self, store: Store) -> None:
        box = {"x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0, "landmarks": b"", "confidence": 1.0, "quality": 1.0}
        with store.write() as connection:
            connection.execute(insert(content), [made_content(1)])
            connection.execute(insert(stored_face), [{**box, "content_id": 1, "quality_reasons": ""}])
            connection.execute(delete(content))
            assert connection.scalar(select(func.count()).select_from(stored_face)) == 0

    def test_an_upsert_inserts_or_updates(self, store: Store) -> None:
        with store.write() as connection:
            upsert(connection, person, [made_person(1), made_person(2)], key="key")
            first = connection.execute(select(person).order_by(person.c.id)).all()
            upsert(connection, person, [made_person(2, "Ben"), made_person(3, "Carl")], key="key")
            upsert(connection, person, [], key="key")
            rows = connection.execute(select(person).order_by(person.c.id)).all()
        assert [row.name for row in rows] == ["Anna", "Ben", "Carl"]
        assert [row.id for row in rows[:2]] == [row.id for row in first]

    def test_only_new_rows_are_inserted(self, store: Store) -> None:
        with store.write() as connection:
            insert_new(connection, person, [made_person(1)])
            insert_new(connection, person, [made_person(1, "Ben"), made_person(2, "Carl")])
            insert_new(connection, person, [])
            names = list(connection.scalars(select(person.c.name).order_by(person.c.id)))
        assert names == ["Anna", "Carl"]

    def test_a_condition_on_very_many_ids(self, store: Store) -> None:
        with store.write() as connection:
            connection.execute(insert(content), [made_content(number) for number in range(1, 11)])
            query = select(content.c.id).order_by(content.c.id)
            found = list(connection.scalars(query.where(is_one_of(content.c.id, range(3, MANY)))))
            assert found == list(range(3, 11))
            assert list(connection.scalars(query.where(is_one_of(content.c.id, [])))) == []
            connection.execute(delete(content).where(is_one_of(content.c.id, range(2, MANY))))
            assert list(connection.scalars(query)) == [1]

    def test_a_condition_on_texts(self, store: Store) -> None:
        with store.write() as connection:
            insert_new(connection, person, [made_person(1, "Æsa 'Zo\u00e9' \"x\""), made_person(2, "null")])
            query = select(person.c.id).where(is_one_of(person.c.name, ["Æsa 'Zo\u00e9' \"x\"", "nobody"]))
            assert len(list(connection.scalars(query))) == 1

    def test_a_condition_on_paths(self, store: Store) -> None:
        paths = [b"/a", b"/a/b", b"/a/\xff", b"/a.b", b"/ab", b"/"]
        with store.write() as connection:
            insert_new(connection, root, [{"path": path} for path in paths])
            query = select(root.c.path).order_by(root.c.id)
            assert list(connection.scalars(query.where(is_under(root.c.path, b"/a")))) == paths[:3]

    def test_values_have_the_types_of_their_columns(self, store: Store) -> None:
        with store.write() as connection:
            insert_new(connection, person, [made_person(1)])
            for column in (person.c.id, person.c.key, person.c.hidden):
                assert connection.scalar(select(func.count()).where(HasDeclaredType(column))) == 1

    def test_no_id_is_used_twice(self, store: Store) -> None:
        row = {"made_at": "2024-05-06T07:08:09+00:00", "kind": "forgotten"}
        with store.write() as connection:
            assert connection.scalar(select(last_id(decision))) is None
            connection.execute(insert(decision), [{**row, "uid": str(number)} for number in range(3)])
            highest = connection.scalar(select(func.max(decision.c.id)))
            connection.execute(delete(decision))
            assert connection.scalar(select(last_id(decision))) == highest
            connection.execute(insert(decision), [{**row, "uid": "new"}])
            assert connection.scalar(select(decision.c.id)) == highest + 1

    def test_deleted_rows_take_no_room_once_it_is_vacuumed(self, store: Store) -> None:
        with store.write() as connection:
            insert_new(connection, root, [{"path": b"/%d/" % number + b"x" * 500} for number in range(2000)])
        full = store.size()
        assert full > 1_000_000
        with store.write() as connection:
            connection.execute(delete(root))
        store.vacuum()
        assert store.size() < full / 2
        store.refuse_damaged()
        assert store.copies().others == store.copies().of_upgrades == ()


class BackendContract:
    """Libraries made, opened, copied and looked after without being open."""

    @pytest.fixture
    def backend(self) -> Backend:
        raise NotImplementedError

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "library"

    @pytest.mark.parametrize("access", list(Access))
    def test_a_missing_library_is_not_made_by_opening_it(
        self, backend: Backend, path: Path, access: Access
    ) -> None:
        for _ in range(2):
            with pytest.raises(LibraryMissing, match="faceindex scan") as caught:
                backend.open(path, access)
            assert caught.value.path == path
        with pytest.raises(LibraryMissing):
            backend.check_exists(path)

    def test_a_library_is_found_again(self, backend: Backend, path: Path) -> None:
        with backend.create(path) as store, store.write() as connection:
            insert_new(connection, root, [{"path": b"/a"}])
        backend.check_exists(path)
        assert backend.damage(path) is None
        with backend.create(path) as store, store.read() as connection:
            assert list(connection.scalars(select(root.c.path))) == [b"/a"]

    def test_a_backup_is_a_library_and_takes_its_place(self, backend: Backend, path: Path) -> None:
        target = path.with_name("backup")
        with backend.create(path) as store, store.write() as connection:
            insert_new(connection, root, [{"path": b"/a"}])
            insert_new(connection, content, [made_content(1)])
            insert_new(connection, photo, [{"path": b"/a/b", "size": 1, "mtime_ns": 1, "content_id": 1}])
        made = backend.back_up(path, target)
        assert (made.photos, made.faces, made.decisions) == (1, 0, 0)
        assert made == backend.inspect(target)
        assert backend.is_library(target)
        with backend.create(path) as store, store.write() as connection:
            connection.execute(delete(root))
        kept = backend.restore(target, path)
        assert kept is not None
        for library, roots in ((path, [b"/a"]), (kept, [])):
            with backend.open(library, Access.READ) as store, store.read() as connection:
                assert list(connection.scalars(select(root.c.path))) == roots

    def test_who_took_a_lock_last_is_known_also_when_it_is_free(self, backend: Backend, path: Path) -> None:
        assert backend.last_run(path, "lock") is None
        with backend.lock(path, "lock"):
            held = backend.last_run(path, "lock")
        assert held is not None
        assert (held.process, held.at_work) == (os.getpid(), True)
        assert backend.last_run(path, "lock") == replace(held, at_work=False)
        assert backend.last_run(path, "other") is None
        with backend.lock(path, "lock"):
            pass

    def test_a_lock_is_held_by_one_at_a_time(self, backend: Backend, path: Path) -> None:
        with (
            backend.lock(path, "lock"),
            backend.lock(path, "other"),
            backend.lock(path.with_name("b"), "lock"),
            pytest.raises(LockHeld, match=r"in use by process \d+, started \d{4}-"),
            backend.lock(path, "lock"),
        ):
            pytest.fail("it was locked twice")
        with backend.lock(path, "lock"):
            pass

    def test_a_turn_to_write_is_taken_by_one_thread_at_a_time(self, backend: Backend, path: Path) -> None:
        backend.create(path).close()
        refused: list[LockHeld] = []

        def take() -> None:
            try:
                with backend.turn(path, 0):
                    pass
            except LockHeld as error:
                refused.append(error)

        def try_elsewhere() -> int:
            other = threading.Thread(target=take)
            other.start()
            other.join()
            return len(refused)

        with backend.create(path) as store:
            with (
                backend.turn(path),
                store.write() as connection,
                backend.turn(path),
            ):  # one turn of one thread
                connection.execute(insert(root).values(path=b"/a"))
                assert try_elsewhere() == 1
            with store.write():
                assert try_elsewhere() == 2
            with store.read():
                assert try_elsewhere() == 2
        assert "in use by process" in str(refused[0])

    def test_what_is_no_library_is_refused(self, backend: Backend, path: Path) -> None:
        path.write_bytes(b"not a library, but long enough to have been one" * 100)
        assert not backend.is_library(path)
        for refuse in (backend.check_exists, backend.create, backend.inspect):
            with pytest.raises(LibraryError):
                refuse(path)


def made_thumbnail(face_id: int, picture: bytes = b"a picture", stamp: bytes = b"a stamp") -> Thumbnail:
    return Thumbnail(face_id, stamp, picture)


class ThumbnailsContract:
    """The pictures of faces beside a library."""

    @pytest.fixture
    def backend(self) -> Backend:
        raise NotImplementedError

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "library"

    @pytest.fixture
    def store(self, backend: Backend, path: Path) -> Iterator[Store]:
        with backend.create(path) as store:
            yield store

    def test_there_are_none_before_some_are_written(self, store: Store) -> None:
        assert store.thumbnails.read(1, b"a stamp") is None
        assert store.thumbnails.stamps(0, 10) == []
        assert store.thumbnails.damage() is None
        store.thumbnails.erase([1])
        store.thumbnails.throw_away()
        store.thumbnails.write([])
        assert not store.thumbnails.path.exists()

    def test_what_one_writes_others_read(self, backend: Backend, path: Path, store: Store) -> None:
        with backend.open(path, Access.READ) as reader:
            assert reader.thumbnails.read(7, b"a stamp") is None
            store.thumbnails.write([made_thumbnail(7), made_thumbnail(9, bytes(100_000))])
            assert reader.thumbnails.read(7, b"a stamp") == b"a picture"
            assert reader.thumbnails.read(9, b"a stamp") == bytes(100_000)
            reader.thumbnails.write([made_thumbnail(8)])  # whoever asks for one that is missing keeps it
        assert store.thumbnails.read(8, b"a stamp") == b"a picture"

    def test_a_face_of_another_library_has_another_stamp(self, store: Store) -> None:
        store.thumbnails.write([made_thumbnail(7)])
        assert store.thumbnails.read(7, b"another") is None
        store.thumbnails.write([made_thumbnail(7, b"its picture", b"another")])
        assert store.thumbnails.read(7, b"another") == b"its picture"
        assert store.thumbnails.read(7, b"a stamp") is None

    def test_only_the_owner_can_read_them(self, store: Store) -> None:
        store.thumbnails.write([made_thumbnail(7)])
        assert store.thumbnails.path.stat().st_mode & 0o777 == 0o600

    def test_their_stamps_are_read_by_rising_ids(self, store: Store) -> None:
        store.thumbnails.write([made_thumbnail(number) for number in (5, 2, 9, 4)])
        assert store.thumbnails.stamps(2, 2) == [(4, b"a stamp"), (5, b"a stamp")]
        assert store.thumbnails.stamps(9, 2) == []

    def test_they_may_be_deleted_at_any_moment(self, backend: Backend, path: Path, store: Store) -> None:
        store.thumbnails.write([made_thumbnail(7)])
        with backend.open(path, Access.READ) as reader:
            assert reader.thumbnails.read(7, b"a stamp") is not None
            for beside in path.parent.glob(f"{store.thumbnails.path.name}*"):
                beside.unlink()
            assert reader.thumbnails.read(7, b"a stamp") is None
            store.thumbnails.write([made_thumbnail(8)])
            assert reader.thumbnails.read(8, b"a stamp") == b"a picture"
            assert reader.thumbnails.read(7, b"a stamp") is None

    def test_erased_ones_are_in_no_file(self, backend: Backend, path: Path, store: Store) -> None:
        gone, kept = (bytes([letter]) * 50_000 for letter in b"gk")
        store.thumbnails.write([made_thumbnail(7, gone), made_thumbnail(8, kept)])
        with backend.open(path, Access.READ) as reader:
            reader.thumbnails.read(7, b"a stamp")
            store.thumbnails.erase([7])
            assert reader.thumbnails.read(7, b"a stamp") is None
            assert reader.thumbnails.read(8, b"a stamp") == kept
            in_files = b"".join(each.read_bytes() for each in path.parent.iterdir())
        assert b"g" * 100 not in in_files
        assert b"k" * 100 in in_files

    def test_threads_share_them(self, store: Store) -> None:
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for each in range(number * 100, number * 100 + 20):
                    store.thumbnails.write([made_thumbnail(each, str(each).encode())])
                    assert store.thumbnails.read(each, b"a stamp") == str(each).encode()
            except BaseException as error:  # noqa: BLE001 - it is raised in the test's thread
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert not failures
        assert len(store.thumbnails.stamps(0, 1000)) == 80
