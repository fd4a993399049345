"""Finds models by name: those that everybody has, and those that one library has made for itself."""

from index.recognition.adapted_models import Projections
from index.store.store import Store
from pipeline.models.registry import ModelSpec, Projection, projected, spec
from pipeline.values import ModelId


def find_model(database: Store, name: str) -> ModelSpec:
    """The model of this name, in this library.

    Raises:
        UnknownModel: There is none.
        LibraryError: The library cannot be read.
    """
    chain = Projections(database).chain(ModelId(name))
    if not chain:
        return spec(name)
    projections = tuple(Projection(each.matrix) for each in chain)
    return projected(ModelId(name), chain[0].base, projections)
