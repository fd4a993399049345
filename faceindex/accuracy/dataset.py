"""Reads what an evaluation needs: folders of labelled photos, lists of pairs and of groups; opens no photo.

Each person has a folder of their name, as in Labeled Faces in the Wild, and pairs have the format of its
``pairs.txt``: a line with the numbers of sets and of pairs of each kind; then for each set the pairs of one
person, ``name n1 n2``, and of two, ``name1 n1 name2 n2``. Photo n of a person is ``name/name_000n.jpg``.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceindex.accuracy.pairs import Pairs
from faceindex.errors import BadRequest
from pipeline.sources.crawl import crawl
from pipeline.values import PhotoFile

_EXTENSIONS = (b".jpg", b".jpeg", b".png")


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo and the person whom it shows."""

    person: str
    file: PhotoFile


def labelled_photos(folder: Path) -> tuple[LabelledPhoto, ...]:
    """Find the photos below each person's folder, people and photos by name.

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


def listed_pairs(file: Path, folder: Path, photos: Sequence[LabelledPhoto]) -> Pairs:
    """Read a list of pairs as pairs of rows of ``photos``, which are those below ``folder``.

    Raises:
        BadRequest: The list cannot be read, or has another format; or a photo in it is missing.
    """
    paths = [os.path.splitext(photo.file.path) for photo in photos]
    rows = {
        stem: row
        for wanted in reversed(_EXTENSIONS)  # of two files with one name the first ending counts
        for row, (stem, extension) in enumerate(paths)
        if extension == wanted
    }

    def row_of(person: str, number: str) -> int:
        stem = folder / person / f"{person}_{int(number):04}"
        try:
            return rows[os.fsencode(stem)]
        except KeyError:
            reason = f"{stem}.jpg is not there: name the folder that holds the photos of these pairs."
            raise BadRequest(reason) from None

    header, *lines = _lines(file) or [""]
    numbers = header.split()
    if len(numbers) not in (1, 2) or not all(map(str.isdecimal, numbers)):
        raise BadRequest(
            f"{file} is no list of pairs: its first line must say how many sets and pairs there are."
        )
    of_a_kind = max(1, int(numbers[-1]))
    found = []
    for number, line in enumerate(lines):
        fields = line.split("\t") if "\t" in line else line.split()
        same = len(fields) == 3
        if same:
            fields.insert(2, fields[0])
        if len(fields) != 4 or not all(field.strip().isdecimal() for field in fields[1::2]):
            raise BadRequest(f"{file}, line {number + 2}: write 'name n1 n2' or 'name1 n1 name2 n2'.")
        found.append((row_of(*fields[:2]), row_of(*fields[2:]), same, number // (2 * of_a_kind)))
    if not found:
        raise BadRequest(f"{file} lists no pairs.")
    first, second, same_person, fold = np.array(found, np.intp).T
    return Pairs(first, second, same_person.astype(bool), fold)


def groups_of_people(file: Path | None) -> dict[str, str]:
    """Read the group of each person from lines ``PERSON,GROUP``, or with a tab; none without a file.

    Raises:
        BadRequest: The list cannot be read, or a line has another form.
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
