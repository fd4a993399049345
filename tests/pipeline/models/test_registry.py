"""The list of models, as a user meets it."""

import pytest

from pipeline.errors import ModelError
from pipeline.models.registry import CELEBRITY, CELEBRITY_NAMES, MODELS, fetchable, spec


def test_every_model_is_found_by_its_name() -> None:
    assert [spec(model.model_id) for model in MODELS] == list(MODELS)
    assert {model.model_id: model.dimension for model in MODELS} == {
        "vggface2-resnet50": 2048,
        "sface": 128,
        "facenet": 512,
        "vggface2-senet50": 2048,
        "vggface-vgg16": 512,
    }


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    for find in (spec, fetchable):
        with pytest.raises(
            ModelError, match=r"'arcface'.*vggface2-resnet50, sface, facenet, vggface2-senet50"
        ):
            find("arcface")


def test_every_model_says_what_terms_its_weights_come_with() -> None:
    assert all(model.summary and model.licence for model in MODELS)


def test_the_celebrity_classifier_can_be_fetched_and_is_no_model_of_a_library() -> None:
    for model in MODELS:
        assert fetchable(model.model_id) is model
    for each in (CELEBRITY, CELEBRITY_NAMES):
        assert fetchable(each.model_id) is each
        with pytest.raises(ModelError, match="no model called 'celebrity"):
            spec(each.model_id)
