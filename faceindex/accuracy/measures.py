"""All measures of one set of faces, and the figures among them by name."""

from dataclasses import dataclass

from faceindex.accuracy.cluster_agreement import Clustering
from faceindex.accuracy.group_rates import GroupRates
from faceindex.accuracy.identification import Identification
from faceindex.accuracy.verification import FALSE_ACCEPT_RATES, Comparisons, Folds, VerificationRates

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
"""The names of all figures that an evaluation can have."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Counts of photos and of the faces found in them.

    Attributes:
        photos: Files that hold a photo.
        unreadable: Photos that could not be read.
        repeated: Photos with the content of an earlier one; each content counts once.
        without_face: Other photos in which no face was found.
        several: Photos with several faces, of which the one nearest the middle is taken.
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
    """All measures of a set of faces; ``None`` where the data does not suffice for a measure.

    Attributes:
        source: What was evaluated, in words.
        model: The descriptor model.
        people: Number of persons.
        faces: Number of faces compared.
        detection: ``None`` for the faces of a library.
        verification: One-to-one comparison.
        folds: Verification accuracy by the protocol of Labeled Faces in the Wild.
        identification: One-to-many comparison.
        clustering: Agreement of groups with persons.
        groups: Verification rates of groups of faces.
        comparisons: The similarities, for plots.
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
        """The measured figures by name; more is better for each."""
        figures: dict[str, float] = {}
        if self.detection:
            figures["detection"] = self.detection.rate
        if self.folds:
            figures["accuracy"] = self.folds.accuracy
        if self.verification:
            figures["auc"] = self.verification.auc
            figures |= {f"tar@{each.far:g}": each.tar for each in self.verification.operating}
        if self.identification:
            figures |= {"rank-1": self.identification.rank_1, "rank-5": self.identification.rank_5}
            figures |= {f"tpir@{each.fpir:g}": each.tpir for each in self.identification.open_set}
        if self.clustering:
            figures |= {"b-cubed": self.clustering.b_cubed.f, "pairwise": self.clustering.pairwise.f}
        return figures
