"""All measures of one set of faces, and the figures among them by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from faceindex.accuracy.cluster_agreement import Clustering
from faceindex.accuracy.group_rates import GroupRates
from faceindex.accuracy.identification import Identification
from faceindex.accuracy.verification import FALSE_ACCEPT_RATES, Comparisons, Folds, VerificationRates
from faceindex.errors import BadRequest

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


@dataclass(frozen=True, slots=True)
class Detection:
    """Counts of photos and of the faces found in them.

    Attributes:
        repeated: Photos with the content of an earlier one; each content counts once.
        without_face: Other photos in which no face was found.
        several: Photos with several faces, of which the one nearest the middle is taken.
    """

    photos: int
    unreadable: int
    repeated: int
    without_face: int
    several: int
    faces: int

    @property
    def rate(self) -> float:
        """Return the part of the readable photos in which a face was found."""
        readable = self.photos - self.unreadable - self.repeated
        return 1 - self.without_face / readable if readable else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """All measures of a set of faces; ``None`` where the data does not suffice for a measure.

    Attributes:
        source: What was evaluated, in words.
        detection: ``None`` for the faces of a library.
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
        """Return the measured figures by name; more is better for each."""
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


def parse_floors(texts: Iterable[str]) -> dict[str, float]:
    """Parse least values of figures, such as ``accuracy=0.99`` or ``tar@1e-3=0.9``.

    Raises:
        BadRequest: A text has another form, an unknown key, or a value that is not from 0 to 1.
    """
    floors: dict[str, float] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        name, at, rate = key.strip().lower().partition("@")
        try:
            least = float(value)
            key = f"{name}@{float(rate):g}" if at else name
        except ValueError:
            separator = ""
        if not separator or not 0 <= least <= 1:
            raise BadRequest(f"{text!r} is not a required figure: write KEY=VALUE with a value from 0 to 1.")
        if key not in MEASURES:
            raise BadRequest(f"There is no figure {key!r}. The figures are: {', '.join(MEASURES)}.")
        floors[key] = max(least, floors.get(key, 0.0))
    return floors


def shortfalls(found: Evaluation, floors: Mapping[str, float]) -> tuple[str, ...]:
    """Write one sentence for each figure that is too low or was not measured."""
    figures = found.measures
    messages = []
    for key, least in floors.items():
        if key not in figures:
            messages.append(f"{key} could not be measured: {found.source} does not suffice.")
        elif figures[key] < least:
            messages.append(f"{key} is {figures[key]:.5f}, less than {least:g}.")
    return tuple(messages)
