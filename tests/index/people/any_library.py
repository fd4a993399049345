"""Any small library, as rows, and what the queries about people must find in it, by loops over these rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import delete, insert

from index.people.photo_search import PhotoFilter
from index.store.schema import (
    changed,
    cluster,
    cluster_face,
    content,
    decision,
    other_face,
    person,
    photo,
    recognised,
    rejection,
    same_face,
    stored_face,
    verdict,
)
from index.store.store import Store
from index.values import RELIABLE
from tests.index.builders import digest_of

PERSONS, CONTENTS, FACES, CLUSTERS = 3, 6, 16, 4
_TIMES = (None, "2019-07-14T12:30:00+02:00", "2020-01-01T00:00:00", "2021-05-06T07:08:09")

Row = dict[str, Any]


@dataclass(frozen=True)
class AnyLibrary:
    """Rows of the tables that queries read; ``hidden`` are ids of faces of another detector."""

    contents: Sequence[Row]
    photos: Sequence[Row]
    faces: Sequence[Row]
    others: Sequence[Row]
    verdicts: Sequence[Row]
    recognised: Sequence[Row]
    rejections: Sequence[Row]
    clustered: Sequence[Row]
    edits: Sequence[Row]

    @classmethod
    def draw(cls, random: Random) -> "AnyLibrary":
        """Choose rows: any face may be named, rejected, hidden, in a cluster, and in any photo or none."""
        faces = [_face(face_id, random) for face_id in range(1, FACES + 1)]
        ids = range(1, FACES + 1)
        persons = range(1, PERSONS + 1)
        statuses = ("confirmed", "confirmed", "ignored", "not-a-face")
        verdicts = [(each, random.choice(statuses)) for each in _some(ids, random)]
        return cls(
            contents=[_content(number, random.choice(_TIMES)) for number in range(1, CONTENTS + 1)],
            photos=[_photo(number, random) for number in range(1, random.randint(1, 9))],
            faces=faces,
            others=[{"face_id": each, "kept": random.random() < 0.5} for each in _some(ids, random)[::3]],
            verdicts=[_verdict(face_id, status, random) for face_id, status in verdicts],
            recognised=[
                {"face_id": each, "person_id": random.choice(persons), "similarity": random.random()}
                for each in _some(ids, random)
            ],
            rejections=[
                {"face_id": each, "person_id": who, "decision_id": 1}
                for each in _some(ids, random)
                for who in _some(persons, random)
            ],
            clustered=[
                {"face_id": each, "cluster_id": random.choice((None, *range(1, CLUSTERS + 1)))}
                for each in _some(ids, random)
            ],
            edits=[_edit(faces, random) for _ in range(random.randint(0, 6))],
        )

    def write(self, store: Store) -> None:
        """Make these the rows of a library."""
        rows = {
            content: self.contents,
            photo: self.photos,
            stored_face: self.faces,
            other_face: self.others,
            person: [_person(number) for number in range(1, PERSONS + 1)],
            decision: [{"id": 1, "uid": "1", "made_at": "2024", "kind": "ignore"}],
            verdict: self.verdicts,
            recognised: self.recognised,
            rejection: self.rejections,
            cluster: [{"id": number, "made_at": "2024"} for number in range(1, CLUSTERS + 1)],
            cluster_face: self.clustered,
            same_face: self.edits,
        }
        with store.write() as connection:
            for table in (*reversed(rows), changed):
                connection.execute(delete(table))
            for table, values in rows.items():
                if values:
                    connection.execute(insert(table), values)

    def is_shown(self, face_id: int) -> bool:
        """Whether a face is none that only another detector found."""
        return not any(each["face_id"] == face_id and not each["kept"] for each in self.others)

    def photos_of(self, content_id: int) -> list[Row]:
        """The photos with a content, missing ones too."""
        return [each for each in self.photos if each["content_id"] == content_id]

    def in_photos(self, face_id: int) -> list[Row]:
        """The photos that show a face; none if it is not shown."""
        return self.photos_of(self.face(face_id)["content_id"]) if self.is_shown(face_id) else []

    def face(self, face_id: int) -> Row:
        """The row of a face."""
        return self.faces[face_id - 1]

    def person_of(self, face_id: int) -> tuple[int | None, float | None]:
        """The person of a face, and the similarity of a recognised one."""
        if (said := self.verdict(face_id)) is not None:
            return said["person_id"], None
        for each in self.recognised:
            if each["face_id"] == face_id and each["person_id"] not in self.rejected(face_id):
                return each["person_id"], each["similarity"]
        return None, None

    def verdict(self, face_id: int) -> Row | None:
        """The row of the last decision about a face."""
        return next((each for each in self.verdicts if each["face_id"] == face_id), None)

    def rejected(self, face_id: int) -> list[int]:
        """The persons that a face is not."""
        return sorted(each["person_id"] for each in self.rejections if each["face_id"] == face_id)

    def faces_of(self, who: int) -> list[int]:
        """The faces of a person that are in a photo, by id."""
        ids = range(1, FACES + 1)
        return [each for each in ids if self.person_of(each)[0] == who and self.in_photos(each)]

    def is_missing(self, face_id: int) -> bool:
        """Whether all photos of a face are missing."""
        return all(each["missing_since"] for each in self.in_photos(face_id))

    def clusters(self) -> dict[int, list[int]]:
        """The faces in photos without a person or decision, by cluster."""
        found: dict[int, list[int]] = {}
        for each in sorted(self.clustered, key=lambda row: row["face_id"]):
            face_id, number = each["face_id"], each["cluster_id"]
            is_open = self.verdict(face_id) is None and self.person_of(face_id)[0] is None
            if number is not None and is_open and self.in_photos(face_id):
                found.setdefault(number, []).append(face_id)
        return found

    def exemplars(self, who: int) -> list[int]:
        """The confirmed faces of a person in no photo, not even after an edit."""
        return [
            each["face_id"]
            for each in sorted(self.verdicts, key=lambda row: row["face_id"])
            if each["person_id"] == who
            and self.is_shown(each["face_id"])
            and not self.in_photos(each["face_id"])
            and not self._is_edited(self.face(each["face_id"]))
        ]

    def _is_edited(self, face: Row) -> bool:
        versions = set(self._versions(face))
        return any(
            self._key(other) in versions
            and self.in_photos(other["id"])
            and other["quality"] >= min(RELIABLE, face["quality"])
            for other in self.faces
        )

    def _versions(self, face: Row) -> Iterator[tuple[Any, ...]]:
        known, new = set(), {self._key(face)}
        while new:
            yield from new
            known |= new
            ends = [(_end(each, ""), _end(each, "later_")) for each in self.edits if each["certain"]]
            pairs = [*ends, *((later, earlier) for earlier, later in ends)]
            new = {other for one, other in pairs if one in known} - known

    def _key(self, face: Row) -> tuple[Any, ...]:
        return (self.contents[face["content_id"] - 1]["digest"], *(face[name] for name in "xywh"))

    def found(self, search: PhotoFilter) -> list[bytes]:
        """The paths of the photos that a filter selects, by the time taken."""
        chosen = [each for each in self.photos if not each["missing_since"] and self._is_found(each, search)]
        times = {each["id"]: each["taken_at"] for each in self.contents}
        chosen.sort(key=lambda row: (times[row["content_id"]] is None, times[row["content_id"]], row["path"]))
        return [each["path"] for each in chosen]

    def _is_found(self, photo: Row, search: PhotoFilter) -> bool:
        time = self.contents[photo["content_id"] - 1]["taken_at"]
        faces = [each["id"] for each in self.faces if each["content_id"] == photo["content_id"]]
        faces = [each for each in faces if self.is_shown(each)]
        persons = {each: self.person_of(each)[0] for each in faces}
        probable = {each for faces in search.probable.values() for each in faces}
        others = [
            each
            for each in faces
            if persons[each] not in search.persons
            and each not in probable
            and (self.verdict(each) or {}).get("status") != "not-a-face"
        ]
        return (
            all(
                any(persons[each] == who or each in search.probable.get(who, ()) for each in faces)
                for who in search.persons
            )
            and not any(persons[each] in search.without for each in faces)
            and not (search.only and others)
            and (search.since is None or (time or "")[:10] >= search.since.isoformat())
            and (search.until is None or (time is not None and time[:10] <= search.until.isoformat()))
        )


def _some(values: Sequence[int], random: Random) -> list[int]:
    return [each for each in values if random.random() < 0.4]


def _content(number: int, taken_at: str | None) -> Row:
    return {"id": number, "digest": digest_of(str(number)), "width": 9, "height": 9, "taken_at": taken_at}


def _photo(number: int, random: Random) -> Row:
    missing = random.choice((None, None, "2024-05-06T07:08:09+00:00"))
    return {
        "id": number,
        "path": b"/%d.jpg" % random.choice((number, number + 10)),
        "size": 1,
        "mtime_ns": 1,
        "content_id": random.randint(1, CONTENTS),
        "missing_since": missing,
    }


def _face(face_id: int, random: Random) -> Row:
    return {
        "id": face_id,
        "content_id": random.randint(1, CONTENTS),
        "x": float(face_id % 3),
        **dict.fromkeys("ywh", 1.0),
        "landmarks": bytes(40),
        "confidence": 1.0,
        "quality": random.choice((0.1, 0.2, RELIABLE, 0.9)),
        "quality_reasons": "",
    }


def _verdict(face_id: int, status: str, random: Random) -> Row:
    who = random.randint(1, PERSONS) if status == "confirmed" else None
    return {"face_id": face_id, "status": status, "person_id": who, "decision_id": 1, "edited": False}


def _person(number: int) -> Row:
    return {"id": number, "key": str(number), "name": f"P{number}", "hidden": False, "named": 0}


def _edit(faces: Sequence[Row], random: Random) -> Row:
    earlier, later = random.sample(faces, 2)
    boxes = {name: earlier[name] for name in "xywh"} | {f"later_{name}": later[name] for name in "xywh"}
    digests = {
        "digest": digest_of(str(earlier["content_id"])),
        "later_digest": digest_of(str(later["content_id"])),
    }
    return {**digests, **boxes, "similarity": 0.5, "certain": random.random() < 0.7}


def _end(edit: Row, prefix: str) -> tuple[Any, ...]:
    return (edit[f"{prefix}digest"], *(edit[prefix + name] for name in "xywh"))
