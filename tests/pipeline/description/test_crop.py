"""Crops: the geometry of each protocol to a fraction of a pixel, and sampling without aliases."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.description.crop import cut, placement, scale_needed, wants_full_size
from pipeline.detection.turned_image import TurnedImage
from pipeline.models.registry import (
    FACENET,
    MODELS,
    SFACE,
    VGGFACE2_RESNET50,
    AlignedCrop,
    BoxCrop,
    ModelSpec,
)
from pipeline.values import F32, U8, Box, DecodedPhoto, DetectedFace, Size
from tests.pipeline.faces import ASTRONAUT, HOPPER, astronaut, hopper, photo_of, tilted

ALIGNED = SFACE.crop
assert isinstance(ALIGNED, AlignedCrop)
CENTRES = np.array(ALIGNED.template) + 0.5
BOXED = VGGFACE2_RESNET50.crop
assert isinstance(BOXED, BoxCrop)

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.model_id)
finite = st.floats(-500, 500)


def face_of(box: Box, landmarks: F32 | None = None) -> DetectedFace:
    """A face whose landmarks, unless given, lie in the box as in the template."""
    inside = (CENTRES / 112) * (box.w, box.h) + (box.x, box.y)
    return DetectedFace(box, inside.astype(np.float32) if landmarks is None else landmarks, 1.0)


def coordinates(width: int, height: int) -> U8:
    """Red is twice a pixel's column and green twice its row, so that means of neighbours are whole too."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = 2 * np.arange(width), 2 * np.arange(height)[:, None]
    return pixels


@given(st.floats(-math.pi, math.pi), st.floats(0.05, 20), finite, finite)
def test_landmarks_turned_scaled_and_shifted_come_back_onto_the_template(
    angle: float, scale: float, x: float, y: float
) -> None:
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    landmarks = CENTRES @ turn.T + (x, y)
    found = placement(face_of(Box(0, 0, 1, 1), landmarks.astype(np.float32)), ALIGNED, Size(4000, 3000))
    assert landmarks @ found[:, :2].T + found[:, 2] == pytest.approx(CENTRES, abs=0.01)


def test_a_face_that_already_fits_the_template_is_cut_pixel_for_pixel() -> None:
    photo = photo_of(np.ascontiguousarray(astronaut().pixels[60:172, 160:272]))
    crop = cut(photo, face_of(Box(0, 0, 112, 112)), ALIGNED)
    assert np.array_equal(crop, photo.pixels)


@every_model
@pytest.mark.parametrize("scale", [1.0, 0.5, 0.25])
def test_each_pixel_of_a_crop_comes_from_its_own_place_at_whatever_scale_the_photo_was_decoded(
    model: ModelSpec, scale: float
) -> None:
    full = coordinates(128, 120)
    decoded = cv2.resize(full, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    face = face_of(Box(35, 30, 48, 50))
    crop = cut(photo_of(np.asarray(decoded, np.uint8), scale), face, model.crop)

    to_crop = placement(face, model.crop, Size(128, 120))
    side = model.crop.size
    x, y = np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5)
    place = (np.stack([x, y], axis=-1) - to_crop[:, 2]) @ np.linalg.inv(to_crop[:, :2]).T
    error = crop[..., :2] / 2 + 0.5 - place
    assert np.abs(error).max() <= 0.3  # the crop's grey levels are whole: half of one is a quarter pixel
    assert np.abs(error.mean(axis=(0, 1))).max() <= 0.05


@every_model
@pytest.mark.parametrize("degrees", [0, 30])
def test_a_large_face_of_fine_stripes_gives_flat_grey_not_an_alias(model: ModelSpec, degrees: int) -> None:
    stripes = np.zeros((1500, 1500, 3), np.uint8)
    stripes[::2] = 255
    angle = np.exp(1j * np.radians(degrees))
    turned = (CENTRES @ (1, 1j) - 56 * (1 + 1j)) * 9 * angle + 750 * (1 + 1j)
    landmarks = np.column_stack([turned.real, turned.imag]).astype(np.float32)
    crop = cut(photo_of(stripes), face_of(Box(250, 250, 1000, 1000), landmarks), model.crop)
    assert crop.std() < 15  # a mean over an odd number of stripes; sampling every ninth row would give 127
    assert crop.mean() == pytest.approx(127.5, abs=3)


@given(
    st.floats(-50, 390),
    st.floats(-50, 290),
    st.floats(12, 300),
    st.floats(12, 300),
    st.sampled_from(MODELS[::2]),
)
def test_a_box_crop_never_reaches_past_the_photo(
    x: float, y: float, w: float, h: float, model: ModelSpec
) -> None:
    size = Size(400, 300)
    to_crop = placement(face_of(Box(x, y, w, h)), model.crop, size)
    corners = np.array([(0, 0), (model.crop.size, model.crop.size)])
    seen = (corners - to_crop[:, 2]) @ np.linalg.inv(to_crop[:, :2]).T
    assert (seen >= -1e-6).all()
    assert (seen <= np.array([size.width, size.height]) + 1e-6).all()


def test_the_vggface2_crop_is_the_middle_of_the_box_widened_by_three_tenths() -> None:
    to_crop = placement(face_of(Box(100, 100, 100, 120)), BOXED, Size(400, 400))
    # The widened box is 130 x 156 about (150, 160); 130 becomes 256, and 224 of that are kept.
    assert to_crop[0, 0] == to_crop[1, 1] == pytest.approx(256 / 130)
    assert to_crop[:, :2] @ (150, 160) + to_crop[:, 2] == pytest.approx([112, 112])


def test_the_facenet_crop_holds_all_of_the_widened_box_and_nothing_else() -> None:
    to_crop = placement(face_of(Box(100, 100, 100, 120)), FACENET.crop, Size(400, 400))
    assert to_crop[:, :2] @ (90, 88) + to_crop[:, 2] == pytest.approx([0, 0])
    assert to_crop[:, :2] @ (210, 232) + to_crop[:, 2] == pytest.approx([160, 160])


@every_model
@pytest.mark.parametrize(("photo", "face"), [(astronaut(), ASTRONAUT), (hopper(), HOPPER)])
def test_no_scale_above_the_one_needed_adds_detail(
    model: ModelSpec, photo: object, face: DetectedFace
) -> None:
    small = hopper() if face is HOPPER else astronaut()
    # The photo four times as large, so that the crop needs less than all of it.
    large = np.asarray(cv2.resize(small.pixels, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), np.uint8)
    big = DetectedFace(
        Box(face.box.x * 4, face.box.y * 4, face.box.w * 4, face.box.h * 4), face.landmarks * 4, 1.0
    )
    needed = scale_needed(big, model.crop)
    assert needed < 1
    scale = math.ceil(large.shape[0] * needed) / large.shape[0]
    decoded = cv2.resize(large, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    from_all = cut(photo_of(large), big, model.crop).astype(float)
    from_enough = cut(photo_of(np.asarray(decoded, np.uint8), scale), big, model.crop).astype(float)
    assert np.abs(from_all - from_enough).mean() < 2.5


@every_model
def test_a_small_face_needs_the_whole_photo_and_never_more(model: ModelSpec) -> None:
    assert scale_needed(face_of(Box(10, 10, 30, 36)), model.crop) == 1.0


@every_model
def test_a_face_at_the_edge_of_a_very_wide_photo_is_cut(model: ModelSpec) -> None:
    photo = photo_of(np.full((60, 40_000, 3), 77, np.uint8))
    crop = cut(photo, face_of(Box(39_970, 20, 40, 50)), model.crop)
    assert crop.shape == (model.crop.size, model.crop.size, 3)
    assert (crop == 77).all()


@every_model
def test_nonsense_from_the_detector_still_gives_a_crop(model: ModelSpec) -> None:
    mirrored = ASTRONAUT.landmarks * (-1, 1) + (400, 0)
    for box in (Box(-90, -90, 40, 40), Box(0, 598, 600, 2), Box(10, 10, 0, 0)):
        crop = cut(hopper(), DetectedFace(box, mirrored.astype(np.float32), 0.9), model.crop)
        assert crop.shape == (model.crop.size, model.crop.size, 3)


def test_a_crop_does_not_hold_on_to_the_photo() -> None:
    photo = astronaut()
    crop = cut(photo, ASTRONAUT, ALIGNED)
    assert not np.shares_memory(crop, photo.pixels)
    assert crop.flags.c_contiguous


def test_only_a_model_with_large_crops_wants_photos_at_full_size() -> None:
    assert wants_full_size(VGGFACE2_RESNET50.crop)
    assert not wants_full_size(SFACE.crop)
    assert not wants_full_size(FACENET.crop)


@every_model
@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize(("photo", "face"), [(astronaut(), ASTRONAUT), (hopper(), HOPPER)])
def test_a_turned_face_is_cut_as_the_upright_one(
    photo: DecodedPhoto, face: DetectedFace, turns: int, model: ModelSpec
) -> None:
    crop = cut(*turned(photo, face, turns), model.crop)
    difference = np.abs(crop.astype(int) - cut(photo, face, model.crop))
    assert difference.max() <= 3  # of rounding


@every_model
@pytest.mark.parametrize("degrees", [45, 135, 225, 315])
@pytest.mark.parametrize(("photo", "face"), [(astronaut(), ASTRONAUT), (hopper(), HOPPER)])
def test_a_face_tilted_by_half_a_quarter_is_cut_nearly_as_the_upright_one(
    photo: DecodedPhoto, face: DetectedFace, degrees: int, model: ModelSpec
) -> None:
    crop, upright = (cut(*each, model.crop) for each in (tilted(photo, face, degrees), (photo, face)))
    middle = slice(model.crop.size // 4, -model.crop.size // 4)
    difference = np.abs(crop.astype(int) - upright)[middle, middle]
    spread = np.abs(upright[middle, middle].astype(int) - upright[middle, middle].mean()).mean()
    assert difference.mean() < 0.35 * spread


def test_a_face_tilted_by_less_than_half_an_eighth_is_cut_as_its_box_stands() -> None:
    for degrees in (-25, -12, 12, 19):
        angle = math.radians(degrees)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        face = replace(ASTRONAUT, landmarks=(ASTRONAUT.landmarks @ turn.T).astype(np.float32))
        size = astronaut().size
        assert np.array_equal(placement(face, BOXED, size), placement(ASTRONAUT, BOXED, size))


def turned(photo: DecodedPhoto, face: DetectedFace, turns: int) -> tuple[DecodedPhoto, DetectedFace]:
    """The photo and its face after quarter turns to the left."""
    image = TurnedImage(photo.pixels, turns)
    box = face.box
    corners = np.array([[box.x, box.y, box.x + box.w, box.y + box.h]], np.float32)
    left, top, right, bottom = image.turned_boxes(corners)[0].tolist()
    points = TurnedImage(image.turned(photo.pixels), 4 - turns).upright_points(face.landmarks)
    moved = DetectedFace(Box(left, top, right - left, bottom - top), points, face.confidence)
    return photo_of(image.turned(photo.pixels)), moved
