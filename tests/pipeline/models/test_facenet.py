"""FaceNet in OpenVINO, of one crop as it comes, against TensorFlow running the frozen graph as it stands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.description.embedder import load_embedder
from pipeline.models.registry import FACENET
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8
from tests.pipeline.faces import cosines, crops

PLAIN = replace(FACENET, centred=False, mirrored=False)


@pytest.fixture(scope="module")
def pixels() -> U8:
    return crops(FACENET.crop, 11)


@pytest.fixture(scope="module")
def reference(pixels: U8) -> F32:
    """What TensorFlow makes of the standardised pixels, one face at a time: the graph takes no more."""
    from tensorflow import Graph, compat

    definition = compat.v1.GraphDef()
    definition.ParseFromString(WeightsStore(Path("unused")).locate(FACENET).path.read_bytes())
    with Graph().as_default(), compat.v1.Session() as session:
        compat.v1.import_graph_def(definition, name="")
        faces = (pixels.astype(np.float32) - 127.5) / 128
        return np.concatenate([session.run("embeddings:0", {"input:0": face[None]}) for face in faces])


def test_openvino_agrees_with_tensorflow_on_real_faces(cache: Path, pixels: U8, reference: F32) -> None:
    embedder = load_embedder(PLAIN, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1))
    assert cosines(embedder.embed(pixels), reference).min() >= 0.9999
