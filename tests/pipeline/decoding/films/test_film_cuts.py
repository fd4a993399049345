"""Hard cuts are told from movement, changes of light, and noise."""

import numpy as np
import pytest

from pipeline.decoding.films.film_cuts import GREY_SIZE, CutDetector, Grey


def view(scene: int, left: float = 0.0, light: float = 1.0) -> Grey:
    """A small copy of a scene, moved to the left by a share of its width."""
    rng = np.random.default_rng(scene)
    waves = [(rng.uniform(1, 5), rng.uniform(1, 5), rng.uniform(0, 6), rng.uniform(20, 60)) for _ in range(6)]
    x, y = np.meshgrid(np.linspace(left, left + 1, GREY_SIZE[0]), np.linspace(0, 1, GREY_SIZE[1]))
    values = 128 + sum(height * np.sin(6.28 * (p * x + q * y) + at) for p, q, at, height in waves)
    return np.asarray(np.clip(values * light, 0, 255), np.float32)


def cuts(views: list[Grey]) -> list[int]:
    detector = CutDetector()
    return [number for number, each in enumerate(views) if detector.is_cut(each)]


@pytest.mark.parametrize("light", [1.0, 0.2])
def test_a_cut_is_found_also_in_the_dark(light: float) -> None:
    views = [view(1, step / 200, light) for step in range(10)]
    views += [view(2, step / 200, light) for step in range(10)]
    assert cuts(views) == [10]


def test_movement_is_none() -> None:
    assert not cuts([view(1, step / 50) for step in range(60)])  # at 30 a second, 60 % of the width


def test_a_film_of_which_each_frame_differs_is_not_cut_at_each() -> None:
    """As of a camera that takes one picture every few seconds."""
    assert len(cuts([view(number) for number in range(50)])) < 5


def test_nor_is_light_that_changes() -> None:
    assert not cuts([view(1, 0, 1 - step / 20) for step in range(20)])


def test_nor_is_a_flash() -> None:
    views = [view(1, step / 200, 0.6) for step in range(20)]
    views[10] = np.clip(views[10] + 120, 0, 255)
    assert not cuts(views)


def test_nor_is_noise_in_black() -> None:
    rng = np.random.default_rng(0)
    shape = GREY_SIZE[::-1]
    assert not cuts([rng.uniform(0, 6, shape).astype(np.float32) for _ in range(20)])


def test_frames_far_apart_raise_doubt_if_they_differ() -> None:
    detector = CutDetector()
    assert not detector.may_have_missed(view(1))  # there is none before
    detector.is_cut(view(1))
    assert not detector.may_have_missed(view(1, 0.02))
    assert detector.may_have_missed(view(2))
    detector.skip_to(view(2))
    assert not detector.is_cut(view(2, 0.01))
