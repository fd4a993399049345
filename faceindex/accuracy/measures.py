"""All measures of one set of faces: what an evaluation comes to, and its figures by name."""

from collections.abc import Iterator
from dataclasses import dataclass

from faceindex.accuracy.cluster_agreement import Clustering
from faceindex.accuracy.group_rates import GroupRates
from faceindex.accuracy.identification import Identification
from faceindex.accuracy.verification import FALSE_ACCEPT_RATES, Comparisons, Folds, VerificationRates


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found in the photos.

    Attributes:
        photos: Files that hold a photo.
        unreadable: Of them, those that could not be read.
        repeated: Of them, those whose content was met before; each content counts once.
        without_face: Of the others, those in which no face was found.
        several: Those with more than one, of which the one nearest the middle is taken.
        faces: Faces found.
    """

    photos: int
    unreadable: int
    repeated: int
    without_face: int
    several: int
    faces: int

    @property
    def rate(self) -> float:
        """The part of the readable photos in which a face was found."""
        readable = self.photos - self.unreadable - self.repeated
        return 1 - self.without_face / readable if readable else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was measured; ``None`` stands for what the data does not suffice to measure.

    Attributes:
        source: What was evaluated, in words.
        model: By which model.
        people: Who are in it.
        faces: Faces that were compared.
        detection: Where photos were looked at.
        verification: One to one.
        folds: One to one, by the protocol of Labeled Faces in the Wild.
        identification: One to many.
        clustering: Groups.
        groups: VerificationRates by groups.
        comparisons: The similarities themselves, to be drawn.
    """

    source: str
    model: str
    people: int
    faces: int
    detection: Detection | None
    verification: VerificationRates | None
    folds: Folds | None
    identification: Identification | None
    clustering: Clustering | None
    groups: tuple[GroupRates, ...]
    comparisons: Comparisons | None

    @property
    def measures(self) -> dict[str, float]:
        """The figures of which more is better, by name: those that there are."""
        return dict(_measures(self))


MEASURES = (
    "detection",
    "accuracy",
    "auc",
    *(f"tar@{rate:g}" for rate in FALSE_ACCEPT_RATES),
    "rank-1",
    "rank-5",
    "tpir@0.01",
    "tpir@0.1",
    "b-cubed",
    "pairwise",
)
"""The names there may be."""


def _measures(found: Evaluation) -> Iterator[tuple[str, float]]:
    if found.detection:
        yield "detection", found.detection.rate
    if found.folds:
        yield "accuracy", found.folds.accuracy
    if found.verification:
        yield "auc", found.verification.auc
        for operating in found.verification.operating:
            yield f"tar@{operating.far:g}", operating.tar
    if found.identification:
        yield "rank-1", found.identification.rank_1
        yield "rank-5", found.identification.rank_5
        for each in found.identification.open_set:
            yield f"tpir@{each.fpir:g}", each.tpir
    if found.clustering:
        yield "b-cubed", found.clustering.b_cubed.f
        yield "pairwise", found.clustering.pairwise.f
