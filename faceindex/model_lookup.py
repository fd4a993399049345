"""Finds models by name: the built-in ones, and those that a library has adapted."""

from index.recognition.adapted_models import Projections
from index.store.store import Store
from pipeline.models.registry import ModelSpec, Projection, projected, spec
from pipeline.values import ModelId


def find_model(database: Store, name: str) -> ModelSpec:
    """Return the model of this name, in this library; ``UnknownModel`` if there is none."""
    chain = Projections(database).chain(ModelId(name))
    if not chain:
        return spec(name)
    projections = tuple(Projection(each.matrix) for each in chain)
    return projected(ModelId(name), chain[0].base, projections)
