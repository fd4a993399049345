"""What is suggested for review."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from index.people.persons import Person


class Kind(StrEnum):
    """What is suggested, in the order for suggestions about equally many faces."""

    EDITED = "edited"
    DOUBTFUL = "doubtful"
    SAME_PERSON = "same-person"
    PROBABLE_CLUSTER = "probable-cluster"
    PROBABLE_FACES = "probable-faces"
    BARELY_RECOGNISED = "barely-recognised"
    NEW_CLUSTER = "new-cluster"


_ERRORS = (Kind.EDITED, Kind.DOUBTFUL, Kind.SAME_PERSON)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Faces to review, by falling similarity; ``similarity`` is their mean to the person, -1 to 1.

    An ``EDITED`` face may be one of ``person`` that was confirmed before its photo was edited. For
    ``DOUBTFUL`` and ``SAME_PERSON``, the faces are those of ``person``, and similar to ``other``. Neither
    contradicts a decision: see ``index.people.contradictions``. ``photo`` and ``moment`` are those of the
    face, if it is only one; the latter in a film, in seconds. ``probability`` is the mean that
    recognised faces are the person's.
    """

    kind: Kind
    person: Person | None
    other: Person | None
    cluster_id: int | None
    face_ids: tuple[int, ...]
    similarity: float | None
    photo: bytes | None = None
    moment: float | None = None
    probability: float | None = None

    @property
    def settles(self) -> float:
        """The number of faces of which an answer is expected to change who they are.

        An open face is somebody's, or nobody's, after any answer; a recognised one changes only if it is
        wrong.
        """
        is_named = self.kind is Kind.BARELY_RECOGNISED and self.probability is not None
        return len(self.face_ids) * (1 - (self.probability or 0.0)) if is_named else len(self.face_ids)


class Suggestions(list[Suggestion]):
    """Suggestions, the most useful first; ``total`` counts also those that were not asked for."""

    def __init__(self, shown: Iterable[Suggestion], total: int) -> None:
        super().__init__(shown)
        self.total = total


def usefulness(each: Suggestion) -> tuple[int, float, int, float, tuple[int, ...]]:
    """Return the key by which suggestions are sorted, the most useful first."""
    return (
        _ERRORS.index(each.kind) if each.kind in _ERRORS else len(_ERRORS),
        -each.settles,
        list(Kind).index(each.kind),
        -(each.similarity or 0.0),
        each.face_ids,
    )
