"""A copy of a library to measure, and the faces, persons and clusters that commands are about."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from index.people.named_faces import is_open
from index.store.opening import open_store
from index.store.schema import cluster_face, descriptor, face, photo, recognised, root, verdict
from index.store.schema import library as library_table
from index.store.schema import person as person_table
from index.store.store import Access
from pipeline.values import ModelId

_MOST = 100
"""Faces or clusters of a kind that are kept to be decided about."""

_FEW, _MANY = 5, 20
"""Faces of a cluster that is named."""

_APART = 3
"""Clusters with successive numbers may be of one person: naming one empties the other."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """What commands may be about.

    Attributes:
        persons: Names, from the person with the most confirmed faces on.
        recognised: Names and faces that are recognised as these persons, in turn the first person's, one's
            with a tenth of all persons before it, one's in the middle.
        alone: Faces without a person, a decision or a cluster.
        clusters: Clusters of several faces, without a name.
        root: The folder that is scanned; ``None`` if there is none.
    """

    model: ModelId
    photos: int
    faces: int
    persons: tuple[str, ...]
    recognised: tuple[tuple[str, int], ...]
    alone: tuple[int, ...]
    clusters: tuple[int, ...]
    root: Path | None


def copy_library(library: Path, folder: Path) -> Path:
    """Copy a library and its index files into a folder."""
    copy = folder / library.name
    for file in library.parent.glob(f"{library.name}*"):
        if not file.name.endswith((".writing", ".lock")):
            shutil.copyfile(file, folder / file.name)
            (folder / file.name).chmod(0o600)
    return copy


def subjects(library: Path) -> Subjects:
    """Read what commands on a library may be about."""
    with open_store(library, Access.READ) as store, store.read() as connection:
        persons = _persons(connection)
        chosen = [persons[0], persons[len(persons) // 10], persons[len(persons) // 2]]
        by_person = [_recognised(connection, number) for number, _ in chosen]
        names = [name for _, name in chosen]
        turns = zip(*by_person, strict=False)
        folder = connection.scalar(select(root.c.path))
        return Subjects(
            model=connection.execute(select(library_table.c.model)).scalar_one(),
            photos=connection.execute(select(func.count()).select_from(photo)).scalar_one(),
            faces=connection.execute(select(func.count()).select_from(descriptor)).scalar_one(),
            persons=tuple(name for _, name in persons),
            recognised=tuple(pair for faces in turns for pair in zip(names, faces, strict=True)),
            alone=_alone(connection),
            clusters=_clusters(connection),
            root=None if folder is None else Path(os.fsdecode(folder)),
        )


def _persons(connection: Connection) -> list[tuple[int, str]]:
    count = func.count(verdict.c.face_id)
    columns = (person_table.c.id, person_table.c.name)
    query = select(*columns).join(verdict).where(~person_table.c.hidden).group_by(*columns)
    return [(row.id, row.name) for row in connection.execute(query.order_by(count.desc(), columns[0]))]


def _recognised(connection: Connection, number: int) -> Sequence[int]:
    query = select(recognised.c.face_id).where(recognised.c.person_id == number)
    return connection.scalars(query.order_by(recognised.c.face_id).limit(_MOST)).all()


def _alone(connection: Connection) -> tuple[int, ...]:
    clustered = select(cluster_face.c.face_id).where(cluster_face.c.cluster_id.is_not(None))
    query = select(face.c.id).where(is_open(face.c.id), face.c.id.not_in(clustered))
    return tuple(connection.scalars(query.order_by(face.c.id).limit(_MOST)))


def _clusters(connection: Connection) -> tuple[int, ...]:
    number = cluster_face.c.cluster_id
    query = select(number).where(number.is_not(None), is_open(cluster_face.c.face_id)).group_by(number)
    query = query.having(func.count().between(_FEW, _MANY)).order_by(number).limit(_APART * _MOST)
    return tuple(connection.scalars(query).all()[::_APART])
