"""What a person is asked about faces, one question at a time."""

from collections.abc import Iterable
from dataclasses import dataclass

from faceindex.naming.suggestion import Kind
from index.people.persons import Person
from index.recognition.gallery import FaceLikeness
from index.values import FaceRecord


@dataclass(frozen=True, slots=True)
class Compared:
    """A person whom a face is compared with.

    Attributes:
        similarity: As for ``Identity``, -1 to 1.
        probability: That the face is the person's, 0 to 1; ``None`` for a model that was never measured.
        nearest: The person's confirmed faces that are nearest to the face, in other photos.
    """

    person: Person
    similarity: float
    probability: float | None
    nearest: tuple[FaceLikeness, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Whether faces are a person's, whether two persons are one, or who faces without a name are.

    Attributes:
        key: Means the same question while the library changes: ``face-ID``, ``cluster-NUMBER``, or
            ``persons-KEY-KEY``.
        face: The face that is shown; it stands for all ``face_ids``, and is the first of them.
        face_ids: All that an answer is about; the user may take some out.
        proposed: Whom the faces may show; ``None`` of a cluster that is like nobody.
        runner_up: The person that is next most like ``face``, or like whom it is more than its own.
        other: The person that ``face`` is confirmed as, if that is in doubt, or who may be ``proposed`` too.
        cluster_id: Their cluster, where all of them have one.
    """

    key: str
    kind: Kind
    face: FaceRecord
    face_ids: tuple[int, ...]
    proposed: Compared | None
    runner_up: Compared | None
    other: Person | None = None
    cluster_id: int | None = None

    @property
    def asked(self) -> "Asked":
        """What an answer is about."""
        person = None if self.proposed is None else self.proposed.person
        return Asked(self.kind, self.face_ids, person, self.other)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is about: a question, perhaps of fewer faces, as it was shown.

    Attributes:
        person: Whom the faces may show.
        other: Of two persons who may be one, the other one; else whom the face is confirmed as.
    """

    kind: Kind
    face_ids: tuple[int, ...]
    person: Person | None = None
    other: Person | None = None


class Questions(list[Question]):
    """Questions, the most useful first; ``left`` counts about how many there are in all."""

    def __init__(self, shown: Iterable[Question], left: int) -> None:
        super().__init__(shown)
        self.left = left
