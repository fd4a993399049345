"""Guesses which celebrities the faces of a photo look like: the 8,631 people that VGGFace2 was trained on.

The classifier of the ResNet-50 of keras-vggface gives each of them a probability, and all of them together
one: whoever is in the photo, five of them are the most likely. It needs no library, and changes none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from faceindex.asking.examine import examine
from faceindex.listeners import Listeners
from faceindex.settings import Settings
from pipeline.errors import WeightsMissing
from pipeline.models.celebrity_names import read_names
from pipeline.models.registry import CELEBRITY, CELEBRITY_NAMES, ModelSpec, NameList
from pipeline.models.weights import VerifiedWeights, WeightsStore
from pipeline.values import Descriptor, Outcomes, PhotoFailed, PhotoIndexed

if TYPE_CHECKING:
    from pipeline.models.download import Progress

TOP = 5
"""So many people are named for each face, as in the tutorials that made this popular."""

CAUTION = (
    f"These are guesses among the {CELEBRITY.dimension:,} celebrities that the network was trained on. "
    f"It knows nobody else: a photo of anybody else gets {TOP} of their names too."
)
"""What whoever shows the guesses has to say."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A celebrity, and the classifier's probability that it is the person in the photo, 0 to 1."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class GuessedFace:
    """A face and whom it may show, the likeliest first; ``described.vector`` holds no descriptor."""

    described: Descriptor
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lookalikes:
    """What was guessed of one photo: its faces, by falling confidence of the detector."""

    photo: PhotoIndexed
    faces: tuple[GuessedFace, ...]


def celebrity_names(settings: Settings, listeners: Listeners) -> tuple[str, ...]:
    """The names of the classes; the classifier's weights are downloaded too, where they are not here.

    Raises:
        WeightsMissing: They cannot be had; the message says how to bring them.
        WeightsInvalid: They are not what they should be.
    """
    store = WeightsStore(settings.cache_dir)
    names = read_names(_fetched(store, CELEBRITY_NAMES, listeners.download).path)
    _fetched(store, CELEBRITY, listeners.download)
    return tuple(names)


class Celebrities:
    """The classifier and its names, ready to guess.

    Args:
        outcomes: Looks at photos with the model ``CELEBRITY``.
        names: Of its classes, in their order.
    """

    def __init__(self, outcomes: Outcomes, names: Sequence[str]) -> None:
        self._outcomes = outcomes
        self._names = names

    def guess(self, photo: bytes) -> Lookalikes | PhotoFailed:
        """Guess who is in a photo, named by its absolute path; or say why it cannot be read."""
        (found,) = examine([photo], self._outcomes)
        if isinstance(found, PhotoFailed):
            return found
        return Lookalikes(found, tuple(map(self._guess, found.faces)))

    def _guess(self, described: Descriptor) -> GuessedFace:
        probabilities = described.vector / described.vector.sum()  # it was brought to unit norm
        likeliest = np.argsort(-probabilities, kind="stable")[:TOP]
        guesses = tuple(Guess(self._names[each], float(probabilities[each])) for each in likeliest)
        return GuessedFace(described, guesses)


def _fetched(store: WeightsStore, file: ModelSpec | NameList, progress: "Progress") -> VerifiedWeights:
    """One of the two files.

    Raises:
        WeightsMissing: It is not here and cannot be fetched; the message says how to bring it.
    """
    try:
        return store.fetch(file, progress)
    except WeightsMissing as error:
        bring = f"`faceindex models fetch {file.model_id} --from FILE`"
        raise WeightsMissing(f"{error} Without a network, bring the file and run {bring}.") from error
