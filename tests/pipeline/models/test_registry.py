"""The list of models, as a user meets it."""

import pytest

from pipeline.errors import ModelError
from pipeline.models.registry import MODELS, spec


def test_every_model_is_found_by_its_name() -> None:
    assert [spec(model.model_id) for model in MODELS] == list(MODELS)
    assert {model.model_id: model.dimension for model in MODELS} == {
        "vggface2-resnet50": 2048,
        "sface": 128,
        "facenet": 512,
    }


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"'arcface'.*vggface2-resnet50, sface, facenet"):
        spec("arcface")


def test_every_model_says_what_terms_its_weights_come_with() -> None:
    assert all(model.summary and model.licence for model in MODELS)
