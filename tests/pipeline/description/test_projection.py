"""A projected model gives what its base gives, mapped: descriptors like any other."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.description.embedder import load_embedder
from pipeline.description.projection import project
from pipeline.models.registry import SFACE, Projection, UnknownModel, projected
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, ModelId
from tests.pipeline.faces import crops


def unit(rows: int, length: int, seed: int) -> F32:
    vectors = np.random.default_rng(seed).standard_normal((rows, length))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.integers(1, 20))
@settings(deadline=None)
def test_what_comes_out_is_finite_and_of_unit_norm(seed: int, length: int, columns: int) -> None:
    matrix = np.random.default_rng(seed).standard_normal((length + 1, columns)).astype(np.float32)
    found = project(unit(5, length, seed), matrix)
    assert found.shape == (5, columns)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(5), abs=1e-4)


def test_the_last_row_is_added(tmp_path: Path) -> None:
    matrix = np.array([[2, 0], [0, 2], [1, 0]], np.float32)
    assert project(np.array([[0, 1]], np.float32), matrix) == pytest.approx(np.array([[1, 2]]) / 5**0.5)


def test_a_map_for_descriptors_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a map of 2 numbers was given vectors of 3"):
        project(unit(1, 3, 1), np.ones((3, 2), np.float32))


def test_a_model_of_a_library_runs_its_base_and_maps_what_comes(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    first, second = (
        Projection(generator.standard_normal(shape).astype(np.float32)) for shape in ((129, 40), (41, 30))
    )
    model = projected(ModelId("sface+adapted-2"), SFACE.model_id, (first, second))
    assert (model.dimension, model.crop, model.weights) == (30, SFACE.crop, SFACE.weights)
    store, options = WeightsStore(tmp_path), RuntimeOptions(tmp_path, threads=1, streams=1)
    embedder, base = load_embedder(model, store, options), load_embedder(SFACE, store, options)
    pixels = crops(SFACE.crop, 3)
    assert (embedder.model_id, embedder.dimension, embedder.protocol) == (model.model_id, 30, SFACE.crop)
    expected = project(project(base.embed(pixels), first.matrix), second.matrix)
    np.testing.assert_allclose(embedder.embed(pixels), expected, atol=1e-6)
    assert embedder.embed(pixels[:0]).shape == (0, 30)


def test_a_base_that_there_is_not_is_named() -> None:
    with pytest.raises(UnknownModel, match="'arcface'"):
        projected(
            ModelId("arcface+adapted-1"), ModelId("arcface"), (Projection(np.ones((2, 1), np.float32)),)
        )
