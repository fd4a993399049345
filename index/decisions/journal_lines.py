"""The journal as a file: one JSON object a line.

    {"uid":…, "made_at":…, "source":"page", "kind":"assign", "person":…, "name":…,
     "faces":[{"digest":…, "box":[x,y,w,h]},…]}
    {"uid":…, "made_at":…, "source":"page", "kind":"in-photo", "person":…, "name":…, "photos":[digest,…]}
    {"kind":"forgotten-face", "digest":…, "point":[x,y]}
    {"kind":"picture", "digest":…, "picture":…}
    {"kind":"same-face", "digest":…, "box":[x,y,w,h], "later_digest":…, "later_box":[x,y,w,h],
     "similarity":…, "certain":…}

These are two decisions, a tombstone, the digest of the picture in a file, and a face before and after an
edit; the last two are those of contents that decisions name. In films, boxes and points have a last number
more, the moment in seconds. Keys and digests are hexadecimal, times ISO 8601 with an offset, and dates of
birth a day, month or year. Fields that a kind does not have are absent; unknown ones are ignored. The numbers
of decisions belong to a library, and are not in the file.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, TypeAdapter

from index.decisions.fields import act_of, fields_of, validated
from index.decisions.model import (
    Decision,
    Digest,
    FaceKey,
    JsonBox,
    Key,
    clean_source,
    faces_of,
    numbers_from_json,
    photos_of,
)
from index.decisions.same_faces import SameFace
from index.decisions.tombstones import Tombstone
from index.errors import JournalMalformed


@dataclass(frozen=True, slots=True)
class JournalFile:
    """What is in a file: ``pictures`` by the digest of the file that shows them."""

    decisions: list[Decision]
    points: list[Tombstone]
    pictures: dict[bytes, bytes]
    same_faces: list[SameFace]


def to_lines(file: JournalFile) -> Iterator[str]:
    """Convert to the lines of a file, without line ends."""
    for decision in file.decisions:
        yield json.dumps(_fields(decision), ensure_ascii=False, separators=(",", ":"))
    for fields in _facts(file):
        yield json.dumps(fields, separators=(",", ":"))


def _facts(file: JournalFile) -> Iterator[dict[str, Any]]:
    for point in file.points:
        yield {
            "kind": "forgotten-face",
            "digest": point.digest.hex(),
            "point": _numbers(point.x, point.y, point.moment),
        }
    for digest, picture in file.pictures.items():
        yield {"kind": "picture", "digest": digest.hex(), "picture": picture.hex()}
    for pair in file.same_faces:
        yield {
            "kind": "same-face",
            "digest": pair.earlier.digest.hex(),
            "box": _numbers(*astuple(pair.earlier.box)),
            "later_digest": pair.later.digest.hex(),
            "later_box": _numbers(*astuple(pair.later.box)),
            "similarity": pair.similarity,
            "certain": pair.certain,
        }


def from_lines(lines: Iterable[str | bytes], library: Path) -> JournalFile:
    """Read the lines of a file, or UTF-8 bytes, with or without line ends; skip empty ones.

    ``library`` is for errors. Decisions get the numbers of their lines as ids.

    Raises:
        JournalMalformed: A line is not as ``to_lines`` writes them.
    """
    file = JournalFile([], [], {}, [])
    for number, line in enumerate(lines, start=1):
        try:
            _read_line(number, _fields_of_line(line), file)
        except ValueError as error:
            raise JournalMalformed(library, number, str(error)) from error
    return file


def _read_line(number: int, fields: dict[str, Any], file: JournalFile) -> None:
    match fields.get("kind"):
        case "forgotten-face":
            point = validated(_adapter(_Tombstone), fields)
            file.points.append(Tombstone(point.digest, *point.point))
        case "picture":
            shown = validated(_adapter(_Picture), fields)
            file.pictures[shown.digest] = shown.picture
        case "same-face":
            file.same_faces.append(validated(_adapter(_SameFace), fields).pair())
        case _ if fields:
            stamp = validated(_adapter(_Stamp), fields)
            made = Decision(number, stamp.uid, stamp.made_at, act_of(fields), stamp.source)
            file.decisions.append(made)


def _fields_of_line(line: str | bytes) -> dict[str, Any]:
    try:
        text = line.decode() if isinstance(line, bytes) else line
        fields = json.loads(text) if text.strip() else {}
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError("it is not JSON") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    return fields


def _fields(decision: Decision) -> dict[str, Any]:
    faces = [
        {"digest": face.digest.hex(), "box": _numbers(*astuple(face.box))} for face in faces_of(decision.act)
    ]
    photos = [digest.hex() for digest in photos_of(decision.act)]
    stamp = {"uid": decision.uid, "made_at": decision.made_at.isoformat(), "source": decision.source}
    fields = {**stamp, **fields_of(decision.act), "faces": faces or None, "photos": photos or None}
    return {name: value for name, value in fields.items() if value is not None}


def _time(value: object) -> datetime:
    with suppress(ValueError):
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        if time is not None and time.tzinfo is not None:
            return time
    raise ValueError("it is not a time with an offset from UTC")


def _numbers(*values: float | None) -> list[float]:
    return [each for each in values if each is not None]


def _point(value: object) -> list[float]:
    return numbers_from_json(value, 3 if isinstance(value, list) and len(value) == 3 else 2)


@dataclass(frozen=True, slots=True)
class _Stamp:
    uid: Key
    made_at: Annotated[datetime, PlainValidator(_time)]
    source: Annotated[str, AfterValidator(clean_source)] | None = None


@dataclass(frozen=True, slots=True)
class _Tombstone:
    digest: Digest
    point: Annotated[list[float], PlainValidator(_point)]


@dataclass(frozen=True, slots=True)
class _Picture:
    digest: Digest
    picture: Digest


@dataclass(frozen=True, slots=True)
class _SameFace:
    digest: Digest
    box: JsonBox
    later_digest: Digest
    later_box: JsonBox
    similarity: Annotated[float, Field(ge=-1.01, le=1.01)]
    certain: bool

    def pair(self) -> SameFace:
        earlier, later = FaceKey(self.digest, self.box), FaceKey(self.later_digest, self.later_box)
        return SameFace(earlier, later, self.similarity, self.certain)


_adapter = cache(TypeAdapter)
