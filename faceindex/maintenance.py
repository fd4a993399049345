"""Check and repair, backup and restore of a library, and advice about its place."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from faceindex.errors import BadRequest, explained
from faceindex.lock import PATIENCE, locked, turn
from faceindex.model_lookup import find_model
from faceindex.settings import Settings
from index.clock import utc_now
from index.maintenance.check import Finding, FindingKind, inspections
from index.photos.catalog import Catalog
from index.photos.redescription import Redescription
from index.store.opening import backend_of, open_store
from index.store.store import Access, BackedUp, Salvage, Store
from pipeline.models.registry import UnknownModel
from pipeline.values import ModelId

_ROUNDS = 3
"""Upper bound on checks and repairs in one run: a repair may reveal other faults."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check ended; counts are ``None`` where the library cannot be read.

    Attributes:
        found: Faults found, repaired ones included.
        left: Faults that are there now.
        undescribed: Faces in present photos that the library's model has not described: ``reindex`` does it.
    """

    found: int
    left: int
    photos: int | None = None
    faces: int | None = None
    undescribed: int | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the library after a restore, and where the old one is, ``None`` where there was none."""

    contents: BackedUp
    kept: Path | None


def check(
    settings: Settings, step: Callable[[str], None] = lambda _: None, *, repair: bool
) -> Iterator[Finding | Salvage | Checked]:
    """Look for faults in the library, and with ``repair`` repair them, under its lock.

    ``step`` is told what is being checked.

    Yields every fault, before it is repaired; what was saved of a damaged database; last, how it ended.
    """
    path = _absolute(settings.library)
    with explained(), ExitStack() as stack:
        backend = backend_of(path)
        backend.check_exists(path)
        if repair:
            stack.enter_context(locked(path))
            stack.enter_context(turn(path, PATIENCE))
        step("checking all pages of the database")
        fault = backend.damage(path)
        if fault is not None:
            yield Finding(
                FindingKind.DATABASE,
                f"the database is damaged: {fault}",
                "save what can be read of it into a new file, and keep the damaged one beside it",
            )
            if not repair:
                yield Checked(found=1, left=1)
                return
            yield backend.salvage(path, utc_now().isoformat())
        yield from _inspect(path, step, int(fault is not None), repair=repair)


def _inspect(
    path: Path, step: Callable[[str], None], already: int, *, repair: bool
) -> Iterator[Finding | Checked]:
    with open_store(path, Access.WRITE if repair else Access.READ) as database:
        looks = inspections(database, lambda model: _dimension(database, model))

        def find() -> Iterator[Finding]:
            for look in looks:
                step(f"checking {look.about}")
                yield from look.find()

        found = already
        for _ in range(_ROUNDS):
            findings = list(find())
            found += len(findings)
            yield from findings
            if not findings or not repair:
                break
            for look in looks:
                look.repair()
        else:
            findings = list(find())
        step("counting")
        statistics, undescribed = Catalog(database).statistics(), 0
        if statistics.model is not None:
            coverage = Redescription(database, statistics.model).coverage()
            undescribed = coverage.waiting
        yield Checked(found, len(findings), statistics.photos, statistics.faces, undescribed)


def _dimension(database: Store, model: ModelId) -> int | None:
    try:
        return find_model(database, model).dimension
    except UnknownModel:
        return None


def make_backup(settings: Settings, target: Path, *, force: bool) -> BackedUp:
    """Copy the library, as it was last committed, to a file; with ``force`` replace an existing backup.

    Raises:
        BadRequest: The target exists, or its folder does not.
    """
    path, target = _absolute(settings.library), _absolute(target)
    with explained():
        open_store(path, Access.READ).close()
        _check_target(target, path, force=force)
        return backend_of(path).back_up(path, target)


def restore_backup(settings: Settings, backup: Path, *, dry_run: bool) -> Restored:
    """Replace the library by a backup, and keep the old one beside it; ``dry_run`` only checks the backup.

    Raises:
        BadRequest: There is no such file, or it is the library itself.
    """
    path, backup = _absolute(settings.library), _absolute(backup)
    backend = backend_of(path)
    with explained():
        if not backup.exists():
            raise BadRequest(f"There is no file {backup}: name a backup.")
        there_is_one = path.exists()
        if there_is_one:
            backend.check_exists(path)  # a file that is no library must not be moved away
            if path.samefile(backup):
                raise BadRequest(f"{backup} is the library itself: name a backup.")
        contents = backend.inspect(backup)
        if dry_run:
            return Restored(contents, path if there_is_one else None)
        with locked(path), turn(path, PATIENCE):
            return Restored(contents, backend.restore(backup, path))


def place_advice(library: Path) -> str | None:
    """Advise about the place of a library; ``None`` if it is a good one."""
    kind = backend_of(library).shared_place(library)
    if kind is None:
        return None
    return (
        f"The library {library} is on a network file system ({kind}), where locks cannot be relied on: "
        "let only one machine use it at a time, or keep it on a disk of this machine, with --library."
    )


def _check_target(target: Path, library: Path, *, force: bool) -> None:
    if not target.parent.is_dir():
        raise BadRequest(f"There is no folder {target.parent}: name a file in an existing folder.")
    if not os.path.lexists(target):
        return
    if target.is_dir():
        raise BadRequest(f"{target} is a folder: name a file.")
    if target.exists() and target.samefile(library):
        raise BadRequest(f"{target} is the library itself: name another file.")
    if not force:
        raise BadRequest(f"The file {target} exists: name another one, or replace it with --force.")
    if not (target.is_file() and backend_of(library).is_library(target)):
        raise BadRequest(f"{target} is not a backup and was not replaced: name another file.")


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))
