"""The descriptor models and their weights: ``library.models``. No library is needed."""

from dataclasses import dataclass

from faceindex.errors import BadRequest, explained
from faceindex.paths import AnyPath, to_path
from faceindex.results import Listeners
from faceindex.settings import Settings
from pipeline.models.registry import MODELS, ModelSpec, fetchable
from pipeline.models.weights import Availability, VerifiedWeights, WeightsStore


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model, and whether its weights can be used now."""

    model: ModelSpec
    availability: Availability


class Models:
    """The models that a library can be created with."""

    def __init__(self, settings: Settings, listeners: Listeners) -> None:
        self._store = WeightsStore(settings.cache_dir)
        self._listeners = listeners

    def list(self) -> tuple[ModelStatus, ...]:
        """List all models, and which of them can be used now."""
        return tuple(ModelStatus(model, self._store.status(model)) for model in MODELS)

    def fetch(self, name: str, source: AnyPath | None = None) -> VerifiedWeights:
        """Download the weights of a model, or copy them from the file ``source``, and verify them.

        Raises:
            BadRequest: There is no such model or file.
            WeightsUnavailable: The download failed, or the weights are not the published ones.
        """
        with explained():
            model = fetchable(name)
            if source is None:
                return self._store.fetch(model, self._listeners.download)
            file = to_path(source)
            if not file.is_file():
                raise BadRequest(f"There is no file {file}: check --from.")
            return self._store.install(model, file)
