"""The journal as a file: one JSON object a line, a decision or a forgotten face each.

    {"uid":…, "made_at":…, "kind":"assign", "person":…, "name":…, "faces":[{"digest":…, "box":[x,y,w,h]},…]}
    {"kind":"forgotten-face", "digest":…, "point":[x,y]}

Keys and digests are hexadecimal, times ISO 8601 with an offset. Fields that a kind does not have are absent;
unknown ones are ignored. The numbers of decisions belong to a library, and are not in the file.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainValidator, TypeAdapter

from index.decisions.fields import act_of, fields_of, validated
from index.decisions.model import Decision, Digest, Key, faces_of, numbers_from_json
from index.decisions.tombstones import Tombstone
from index.errors import JournalMalformed

_MARK = "forgotten-face"


def to_lines(decisions: Iterable[Decision], points: Iterable[Tombstone]) -> Iterator[str]:
    """Convert to the lines of a file, without line ends."""
    for decision in decisions:
        yield json.dumps(_fields(decision), ensure_ascii=False, separators=(",", ":"))
    for point in points:
        fields = {"kind": _MARK, "digest": point.digest.hex(), "point": [point.x, point.y]}
        yield json.dumps(fields, separators=(",", ":"))


def from_lines(lines: Iterable[str | bytes], library: Path) -> tuple[list[Decision], list[Tombstone]]:
    """Read the lines of a file, or UTF-8 bytes, with or without line ends; skip empty ones.

    ``library`` is for errors. Decisions get the numbers of their lines as ids.

    Raises:
        JournalMalformed: A line is not as ``to_lines`` writes them.
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
            raise JournalMalformed(library, number, str(error)) from error
    return decisions, points


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
    faces = [{"digest": face.digest.hex(), "box": astuple(face.box)} for face in faces_of(decision.act)]
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
    uid: Key
    made_at: Annotated[datetime, PlainValidator(_time)]


@dataclass(frozen=True, slots=True)
class _Mark:
    digest: Digest
    point: Annotated[list[float], PlainValidator(partial(numbers_from_json, count=2))]


_adapter = cache(TypeAdapter)
