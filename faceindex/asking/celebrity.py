"""Guesses which celebrities the faces of a photo look like: the 8,631 people that VGGFace2 was trained on.

The classifier of keras-vggface's ResNet-50 gives them probabilities that sum to one, whoever is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from faceindex.asking.examine import examine
from faceindex.asking.photo_arguments import NamedPhoto
from faceindex.results import Listeners
from faceindex.settings import Settings
from pipeline.errors import WeightsMissing
from pipeline.models.celebrity_names import read_names
from pipeline.models.registry import CELEBRITY, CELEBRITY_NAMES, ModelSpec, NameList
from pipeline.models.weights import VerifiedWeights, WeightsStore
from pipeline.values import Descriptor, Outcomes, PhotoFailed, PhotoIndexed, PhotoSkipped

if TYPE_CHECKING:
    from pipeline.models.download import Progress

TOP = 5
"""Guesses for each face, as in the tutorials that made this popular."""

CAUTION = (
    f"These are guesses among the {CELEBRITY.dimension:,} celebrities that the network was trained on. "
    f"It knows nobody else: a photo of anybody else gets {TOP} of their names too."
)
"""Must be shown with the guesses."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A celebrity, and the classifier's probability that it is the person in the photo, 0 to 1."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class GuessedFace:
    """A face, and its guesses by falling probability; ``described.vector`` is no descriptor."""

    described: Descriptor
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lookalikes:
    """The faces of one photo, by falling confidence of the detector."""

    photo: PhotoIndexed
    faces: tuple[GuessedFace, ...]


def celebrity_names(settings: Settings, listeners: Listeners) -> tuple[str, ...]:
    """Return the names of the classes, and download the classifier too; ``ModelError`` if that fails."""
    store = WeightsStore(settings.cache_dir)
    names = read_names(_fetched(store, CELEBRITY_NAMES, listeners.download).path)
    _fetched(store, CELEBRITY, listeners.download)
    return tuple(names)


def guess(
    photo: NamedPhoto | PhotoFailed, outcomes: Outcomes, names: Sequence[str]
) -> Lookalikes | PhotoFailed | PhotoSkipped:
    """Guess who is in a photo; ``outcomes`` runs the model ``CELEBRITY``, whose classes are ``names``."""
    found = examine(photo, outcomes, films=False)
    if isinstance(found, PhotoFailed | PhotoSkipped):
        return found
    return Lookalikes(found, tuple(_guessed(face, names) for face in found.faces))


def _guessed(described: Descriptor, names: Sequence[str]) -> GuessedFace:
    probabilities = described.vector / described.vector.sum()  # it has unit norm, not unit sum
    likeliest = np.argsort(-probabilities, kind="stable")[:TOP]
    return GuessedFace(described, tuple(Guess(names[each], float(probabilities[each])) for each in likeliest))


def _fetched(store: WeightsStore, file: ModelSpec | NameList, progress: "Progress") -> VerifiedWeights:
    try:
        return store.fetch(file, progress)
    except WeightsMissing as error:
        bring = f"`faceindex models fetch {file.model_id} --from FILE`"
        raise WeightsMissing(f"{error} Without a network, bring the file and run {bring}.") from error
