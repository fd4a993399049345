"""The journal as a file: one JSON object a line, a decision or a forgotten face each.

    {"uid":…, "made_at":…, "kind":"assign", "person":…, "name":…, "faces":[{"digest":…, "box":[x,y,w,h]},…]}
    {"kind":"forgotten-face", "digest":…, "point":[x,y]}

Keys and digests are hexadecimal, times ISO 8601 with an offset; fields that a kind does not have are left
out, and those that are unknown are passed over. Numbers are a library's own and are not in the file. This
module knows no tables.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Annotated, Any

from pydantic import PlainValidator, TypeAdapter

from index.decisions.fields import act_of, fields_of, validated
from index.decisions.model import Decision, Digest, Key, faces_of, numbers_from_json
from index.decisions.tombstones import Tombstone

_MARK = "forgotten-face"


@dataclass(frozen=True, slots=True)
class JournalFile:
    """What a file holds.

    Attributes:
        decisions: In the order of the lines; their ids are the numbers of the lines.
        points: Where forgotten faces were.
    """

    decisions: tuple[Decision, ...]
    points: tuple[Tombstone, ...]


class MalformedLine(ValueError):
    """A line is neither a decision nor a forgotten face.

    Attributes:
        line: Its number, from 1.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def to_lines(decisions: Iterable[Decision], points: Iterable[Tombstone]) -> Iterator[str]:
    """The lines of a file, without line ends."""
    for decision in decisions:
        yield json.dumps(_fields(decision), ensure_ascii=False, separators=(",", ":"))
    for point in points:
        fields = {"kind": _MARK, "digest": point.digest.hex(), "point": [point.x, point.y]}
        yield json.dumps(fields, separators=(",", ":"))


def from_lines(lines: Iterable[str | bytes]) -> JournalFile:
    """Read the lines of a file; empty ones are skipped.

    Args:
        lines: With or without line ends; bytes are UTF-8.

    Raises:
        MalformedLine: One is not as ``to_lines`` writes them.
    """
    decisions, points = [], []
    for number, line in enumerate(lines, start=1):
        try:
            fields = _fields_of_line(line)
            if fields.get("kind") == _MARK:
                mark = validated(_adapter(_Mark), fields)
                points.append(Tombstone(mark.digest, *mark.point))
            elif fields:
                stamp = validated(_adapter(_Stamp), fields)
                decisions.append(Decision(number, stamp.uid, stamp.made_at, act_of(fields)))
        except ValueError as error:
            raise MalformedLine(number, str(error)) from error
    return JournalFile(tuple(decisions), tuple(points))


def _fields_of_line(line: str | bytes) -> dict[str, Any]:
    """The fields of a line; none where it is empty."""
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
        {"digest": face.digest.hex(), "box": [face.box.x, face.box.y, face.box.w, face.box.h]}
        for face in faces_of(decision.act)
    ]
    stamp = {"uid": decision.uid, "made_at": decision.made_at.isoformat()}
    fields = {**stamp, **fields_of(decision.act), "faces": faces or None}
    return {name: value for name, value in fields.items() if value is not None}


def _time(value: object) -> datetime:
    with suppress(ValueError):
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        if time is not None and time.tzinfo is not None:
            return time
    raise ValueError("it is not a time with an offset from UTC")


@dataclass(frozen=True, slots=True)
class _Stamp:
    """The fields that every decision has."""

    uid: Key
    made_at: Annotated[datetime, PlainValidator(_time)]


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a forgotten face was."""

    digest: Digest
    point: Annotated[list[float], PlainValidator(partial(numbers_from_json, count=2))]


_adapter = cache(TypeAdapter)
