"""Reads what is to be evaluated: folders of labelled photos, lists of pairs and of groups.

A folder holds one folder for each person, named for the person, as Labeled Faces in the Wild does. A list
of pairs has the format of that collection's ``pairs.txt``: in the first line how many sets there are and
how many pairs of a kind are in each; then for each set the pairs of one person, ``name n1 n2``, and those of
two, ``name1 n1 name2 n2``; photo n of a person is ``name/name_000n.jpg``. No photo is opened here.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from faceindex.accuracy.pairs import Pairs
from faceindex.errors import BadRequest
from pipeline.sources.crawl import crawl
from pipeline.values import PhotoFile

_EXTENSIONS = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo, and who it is of."""

    person: str
    file: PhotoFile


@dataclass(frozen=True, slots=True)
class NamedPair:
    """Two photos that are compared, absolute paths."""

    first: bytes
    second: bytes
    same: bool
    fold: int


def labelled_photos(folder: Path) -> tuple[LabelledPhoto, ...]:
    """The photos below each person's folder, people and photos by name.

    Raises:
        BadRequest: The folder cannot be read, or holds no folder with a file in it.
    """
    try:
        people = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
        found = tuple(
            LabelledPhoto(person, file)
            for person in people
            if not person.startswith(".")
            for file in crawl([os.fsencode(folder / person)], lambda _: None)
        )
    except OSError as error:
        raise BadRequest(f"{folder} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if not found:
        raise BadRequest(f"{folder} holds no labelled photos: it needs a folder of photos for each person.")
    return found


def named_pairs(file: Path, folder: Path) -> tuple[NamedPair, ...]:
    """The pairs of a list, of photos below ``folder``.

    Raises:
        BadRequest: The list cannot be read, or is not of the format; or a photo that it names is not there.
    """
    lines = _lines(file)
    pairs_a_fold = _pairs_a_fold(file, lines)
    found = []
    for number, line in enumerate(islice(lines, 1, None)):
        fields = line.split("\t") if "\t" in line else line.split()
        first, second = _two_photos(file, number + 2, fields, folder)
        found.append(NamedPair(first, second, same=len(fields) == 3, fold=number // (2 * pairs_a_fold)))
    if not found:
        raise BadRequest(f"{file} lists no pairs.")
    return tuple(found)


def as_rows(named: Sequence[NamedPair], photos: Sequence[bytes]) -> Pairs:
    """Pairs of photos as pairs of rows of ``photos``, each of which is there once."""
    rows = {photo: row for row, photo in enumerate(photos)}
    return Pairs(
        np.array([rows[pair.first] for pair in named], np.intp),
        np.array([rows[pair.second] for pair in named], np.intp),
        np.array([pair.same for pair in named], bool),
        np.array([pair.fold for pair in named], np.intp),
    )


def groups_of_people(file: Path | None) -> dict[str, str]:
    """The group that each person belongs to: a line for each, ``PERSON,GROUP`` or with a tab between.

    Without a file, nobody belongs to one.

    Raises:
        BadRequest: The list cannot be read, or a line is of another form.
    """
    groups: dict[str, str] = {}
    for number, line in enumerate(_lines(file) if file else (), 1):
        person, separator, group = line.rpartition("\t" if "\t" in line else ",")
        if not separator or not person.strip() or not group.strip():
            raise BadRequest(f"{file}, line {number}: write PERSON,GROUP.")
        groups[person.strip()] = group.strip()
    return groups


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise BadRequest(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    return [line for line in text.splitlines() if line.strip()]


def _pairs_a_fold(file: Path, lines: Sequence[str]) -> int:
    """Of each kind, by the first line: ``10 300``, or ``500`` for one set."""
    numbers = lines[0].split() if lines else []
    if len(numbers) not in (1, 2) or not all(number.isdecimal() for number in numbers):
        raise BadRequest(
            f"{file} is no list of pairs: its first line must say how many sets and pairs there are."
        )
    return max(1, int(numbers[-1]))


def _two_photos(file: Path, line: int, fields: Sequence[str], folder: Path) -> Iterator[bytes]:
    named = {3: (0, 1, 0, 2), 4: (0, 1, 2, 3)}.get(len(fields))
    if named is None or not all(fields[place].strip().isdecimal() for place in named[1::2]):
        raise BadRequest(f"{file}, line {line}: write 'name n1 n2' or 'name1 n1 name2 n2'.")
    first, first_number, second, second_number = (fields[place] for place in named)
    return iter((_photo(folder, first, first_number), _photo(folder, second, second_number)))


def _photo(folder: Path, person: str, number: str) -> bytes:
    stem = folder / person / f"{person}_{int(number):04}"
    for extension in _EXTENSIONS:
        path = stem.with_name(stem.name + extension)
        if path.is_file():
            return os.fsencode(os.path.abspath(path))
    raise BadRequest(f"{stem}.jpg is not there: name the folder that holds the photos of these pairs.")
