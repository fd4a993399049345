"""The journal as a file: one JSON object a line, a decision or a forgotten face each.

    {"uid":…, "made_at":…, "kind":"assign", "person":…, "name":…, "faces":[{"digest":…, "box":[x,y,w,h]},…]}
    {"kind":"forgotten-face", "digest":…, "point":[x,y]}

Keys and digests are hexadecimal, times ISO 8601 with an offset; fields that a kind does not have are left
out, and those that are unknown are passed over. Numbers are a library's own and are not in the file. This
module knows no tables.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from index.decisions.fields import Fields, act_of, checked_key, fields_of
from index.decisions.model import Decision, FaceKey
from index.decisions.tombstones import Tombstone
from pipeline.values import Box

_MARK = "forgotten-face"
_DIGEST_BYTES = 32


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
        yield json.dumps(_decision_fields(decision), ensure_ascii=False, separators=(",", ":"))
    for point in points:
        fields = {"kind": _MARK, "digest": point.digest.hex(), "point": [point.x, point.y]}
        yield json.dumps(fields, separators=(",", ":"))


def from_lines(lines: Iterable[str | bytes]) -> JournalFile:
    """What the lines of a file say; empty ones say nothing.

    Args:
        lines: With or without line ends; bytes are UTF-8.

    Raises:
        MalformedLine: One is not as ``to_lines`` writes them.
    """
    decisions, points = [], []
    for number, line in enumerate(lines, start=1):
        try:
            said = _said(line)
            if said.get("kind") == _MARK:
                points.append(Tombstone(_digest(said), *_numbers(said, "point", 2)))
            elif said:
                decisions.append(_decision(said, number))
        except ValueError as error:
            raise MalformedLine(number, str(error)) from error
    return JournalFile(tuple(decisions), tuple(points))


def _said(line: str | bytes) -> dict[str, Any]:
    """The fields of a line; none where it is empty."""
    try:
        text = line.decode() if isinstance(line, bytes) else line
        return _object(json.loads(text)) if text.strip() else {}
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError("it is not JSON") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _decision_fields(decision: Decision) -> dict[str, Any]:
    fields = fields_of(decision.act)
    said = {
        "uid": decision.uid,
        "made_at": decision.made_at.isoformat(),
        "kind": fields.kind,
        "person": fields.person,
        "other": fields.other,
        "name": fields.name,
        "target": fields.target,
        "faces": [_face_fields(face) for face in fields.faces] or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _face_fields(face: FaceKey) -> dict[str, Any]:
    return {"digest": face.digest.hex(), "box": [face.box.x, face.box.y, face.box.w, face.box.h]}


def _decision(said: dict[str, Any], number: int) -> Decision:
    fields = Fields(
        kind=_text(said, "kind") or "",
        person=_text(said, "person"),
        other=_text(said, "other"),
        name=_text(said, "name"),
        target=_text(said, "target"),
        faces=tuple(_face(each) for each in _list(said, "faces")),
    )
    return Decision(number, checked_key(_text(said, "uid"), "uid"), _time(said), act_of(fields))


def _face(value: object) -> FaceKey:
    said = _object(value)
    x, y, w, h = _numbers(said, "box", 4)
    if w < 0 or h < 0:
        raise ValueError("a box has a negative side")
    return FaceKey(_digest(said), Box(x, y, w, h))


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def _text(said: dict[str, Any], field: str) -> str | None:
    value = said.get(field)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"its {field} is not text")
    return value


def _list(said: dict[str, Any], field: str) -> list[Any]:
    value = said.get(field, [])
    if not isinstance(value, list):
        raise ValueError(f"its {field} is not a list")
    return value


def _time(said: dict[str, Any]) -> datetime:
    try:
        time = datetime.fromisoformat(_text(said, "made_at") or "")
    except ValueError as error:
        raise ValueError("its made_at is not a time") from error
    if time.tzinfo is None:
        raise ValueError("its made_at has no offset from UTC")
    return time


def _digest(said: dict[str, Any]) -> bytes:
    try:
        digest = bytes.fromhex(_text(said, "digest") or "")
    except ValueError as error:
        raise ValueError("a digest is not hexadecimal") from error
    if len(digest) != _DIGEST_BYTES:
        raise ValueError(f"a digest is not {_DIGEST_BYTES} bytes long")
    return digest


def _numbers(said: dict[str, Any], field: str, count: int) -> Sequence[float]:
    values = _list(said, field)
    if len(values) != count or not all(map(_is_number, values)):
        raise ValueError(f"a {field} is not {count} numbers")
    return [float(value) for value in values]


def _is_number(value: object) -> bool:
    """Whether it can be a place in a photo: not infinite, not NaN, and not too large for a float."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
