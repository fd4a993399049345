"""Embedders: unit vectors that depend on their own face alone, whatever the batch and the thread."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.description import embedder as embedding
from pipeline.description.embedder import BATCH_SIZE, Embedder, NetworkEmbedder, load_centre, load_embedder
from pipeline.errors import ModelError, WeightsMissing
from pipeline.models.registry import FACENET, SFACE, VGGFACE2_RESNET50, ModelSpec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8
from tests.pipeline.faces import cosines, crops


@pytest.fixture(scope="module", params=[SFACE, FACENET], ids=lambda model: model.model_id)
def embedder(request: pytest.FixtureRequest, cache: Path) -> Embedder:
    model: ModelSpec = request.param
    return load_embedder(model, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=2))


def test_descriptors_are_finite_unit_vectors_of_the_models_dimension(embedder: Embedder) -> None:
    found = embedder.embed(crops(embedder.protocol, 2))
    assert found.shape == (2, embedder.dimension)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_the_same_face_is_like_itself_and_not_like_another(embedder: Embedder) -> None:
    astronaut, hopper, darker_astronaut, darker_hopper = embedder.embed(crops(embedder.protocol, 4))
    assert astronaut @ darker_astronaut > 0.9
    assert hopper @ darker_hopper > 0.9
    assert astronaut @ hopper < 0.3


@pytest.mark.parametrize("count", [1, 3, BATCH_SIZE, BATCH_SIZE + 1, 2 * BATCH_SIZE + 3])
def test_a_face_gives_the_same_descriptor_in_any_batch(embedder: Embedder, count: int) -> None:
    pixels = crops(embedder.protocol, count)
    together = embedder.embed(pixels)
    alone = np.concatenate([embedder.embed(face[None]) for face in pixels])
    assert cosines(together, alone).min() >= 0.99999


def test_no_faces_give_no_descriptors(embedder: Embedder) -> None:
    side = embedder.protocol.size
    assert embedder.embed(np.empty((0, side, side, 3), np.uint8)).shape == (0, embedder.dimension)


def test_threads_may_share_an_embedder(embedder: Embedder) -> None:
    pixels = crops(embedder.protocol, BATCH_SIZE + 2)
    expected = embedder.embed(pixels)
    orders = [np.random.default_rng(seed).permutation(len(pixels)) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda order: embedder.embed(pixels[order]), orders))
    for order, vectors in zip(orders, found, strict=True):
        assert cosines(vectors, expected[order]).min() >= 0.99999


def test_pixels_of_another_shape_or_type_are_refused(embedder: Embedder) -> None:
    side = embedder.protocol.size
    for wrong in (np.zeros((1, side, side + 1, 3), np.uint8), np.zeros((1, side, side, 3), np.float32)):
        with pytest.raises(ValueError, match=rf"takes uint8 \[N, {side}, {side}, 3\]"):
            embedder.embed(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", [SFACE, FACENET], ids=lambda model: model.model_id)
def test_a_shipped_mean_is_that_of_faces(model: ModelSpec, cache: Path) -> None:
    """Two faces are both like it; without the mean of faces, they have nothing in common."""
    plain = replace(model, centred=False)
    options = RuntimeOptions(cache, threads=0, streams=2)
    one, two = load_embedder(plain, WeightsStore(cache), options).embed(crops(model.crop, 2))
    mean = load_centre(model)
    assert mean is not None
    assert one @ mean > 0.1 * np.linalg.norm(mean)
    assert two @ mean > 0.1 * np.linalg.norm(mean)
    assert load_centre(plain) is None


def test_the_mean_is_taken_away_from_unit_vectors() -> None:
    given = np.zeros((2, 128), np.float32)
    given[0, 0], given[1, 1] = 5.0, 0.25
    centred = NetworkEmbedder(SFACE, lambda pixels: given).embed(crops(SFACE.crop, 2))
    mean = load_centre(SFACE)
    assert mean is not None
    expected = np.eye(2, 128, dtype=np.float32) - mean
    assert centred == pytest.approx(expected / np.linalg.norm(expected, axis=1, keepdims=True), abs=1e-6)


def test_the_mean_of_a_face_and_its_mirror_image_is_the_same_for_both() -> None:
    def halves(pixels: U8) -> F32:
        """A network that looks at the left half alone."""
        left = pixels[:, :, : pixels.shape[2] // 2].astype(np.float32)
        return np.stack([left.mean(axis=(1, 2, 3)), left.std(axis=(1, 2, 3)) ** 2 / 50], axis=1)

    faces = crops(FACENET.crop, 3)
    mirrored = NetworkEmbedder(replace(FACENET, dimension=2, centred=False), halves)
    plain = NetworkEmbedder(replace(FACENET, dimension=2, centred=False, mirrored=False), halves)
    flipped = np.ascontiguousarray(faces[:, :, ::-1])
    assert mirrored.embed(faces) == pytest.approx(mirrored.embed(flipped), abs=1e-6)
    expected = plain.embed(faces) + plain.embed(flipped)
    assert mirrored.embed(faces) == pytest.approx(
        expected / np.linalg.norm(expected, axis=1, keepdims=True), abs=1e-6
    )


@pytest.mark.parametrize("content", [None, b"", b"no array"])
def test_a_mean_that_cannot_be_read_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "sface.npy").write_bytes(content)
    monkeypatch.setattr(embedding, "CENTRES", tmp_path)
    with pytest.raises(ModelError, match="install faceindex again"):
        load_centre(SFACE)


def test_a_mean_of_another_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "sface.npy", np.zeros(512, np.float32))
    monkeypatch.setattr(embedding, "CENTRES", tmp_path)
    with pytest.raises(ModelError, match="not the mean descriptor of sface"):
        load_centre(SFACE)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_vector_that_has_no_direction_is_an_error_never_a_descriptor(value: float) -> None:
    broken = NetworkEmbedder(SFACE, lambda pixels: np.full((len(pixels), 128), value, np.float32))
    with pytest.raises(ModelError, match="sface gave a descriptor that is zero or not finite"):
        broken.embed(crops(SFACE.crop, 2))


def test_tensorflow_runs_the_models_of_keras_vggface_alone(cache: Path) -> None:
    options = RuntimeOptions(cache, threads=0, streams=1)
    with pytest.raises(ModelError, match=r"tensorflow has only vggface2-resnet50, .*; sface runs with"):
        load_embedder(SFACE, WeightsStore(cache), options, "tensorflow")


def test_a_model_without_weights_says_how_to_get_them(cache: Path) -> None:
    options = RuntimeOptions(cache, threads=0, streams=1)
    with pytest.raises(WeightsMissing, match="`faceindex models fetch vggface2-resnet50`"):
        load_embedder(VGGFACE2_RESNET50, WeightsStore(cache), options)
