"""Which faces of a film's frames become one tracklet."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.tracking.tracker import LONGEST_GAP, Tracker, likeness_of
from pipeline.tracking.tracklet import Tracklet
from pipeline.values import Descriptor, ModelId
from tests.pipeline.tracking.made_faces import someone

ANNA, BEN, CARLA = someone(1), someone(2), someone(3)


def tracked(*frames: list[Descriptor], every: float = 1.0, cuts: tuple[int, ...] = ()) -> list[Tracklet]:
    """Return the tracklets of frames that follow each other, by their first moment and place."""
    tracker, found = Tracker(), []
    for number, faces in enumerate(frames):
        found += tracker.close(None if number in cuts else number * every)
        tracker.add(number * every, faces)
    found += tracker.close()
    assert tracker.is_idle
    return sorted(found, key=lambda each: (each.moments[0], each.faces[0].face.box.x))


def spans(tracklets: list[Tracklet]) -> list[tuple[float, float]]:
    return [(each.moments[0], each.moments[-1]) for each in tracklets]


def test_a_person_who_stays_is_one_tracklet() -> None:
    (anna,) = tracked(*([ANNA.face(10 * moment)] for moment in range(6)))
    assert anna.moments == [0, 1, 2, 3, 4, 5]


def test_a_person_who_walks_through_the_picture_is_known_by_the_descriptor() -> None:
    (anna,) = tracked(*([ANNA.face(400 * moment)] for moment in range(4)))
    assert len(anna.faces) == 4


def test_two_people_who_cross_keep_their_own_tracklets() -> None:
    frames = [[ANNA.face(100 * moment), BEN.face(600 - 100 * moment)] for moment in range(7)]
    frames[3] = [ANNA.face(300)]  # in front of him
    anna, ben = tracked(*frames)
    assert (len(anna.faces), len(ben.faces)) == (7, 6)
    assert [face.face.box.x for face in anna.faces] == [0, 100, 200, 300, 400, 500, 600]


def test_no_tracklet_crosses_a_cut_even_in_the_same_place() -> None:
    assert spans(tracked(*[[ANNA.face()]] * 4, cuts=(2,))) == [(0, 1), (2, 3)]


def test_someone_else_in_the_same_place_is_another_tracklet() -> None:
    """A soft cut: no frame is far from the one before."""
    assert len(tracked([ANNA.face()], [ANNA.face()], [BEN.face()], [BEN.face()])) == 2


def test_a_blend_of_two_people_does_not_join_them() -> None:
    anna, ben = ANNA.face(alike=0.95), BEN.face(alike=0.95)
    blend = anna.vector + ben.vector
    between = ANNA.face()
    between.vector[:] = blend / np.linalg.norm(blend)
    faces = [[anna], [ANNA.face()], [between], [BEN.face()], [ben]]
    assert len(tracked(*faces)) == 2


def test_two_faces_of_one_frame_are_two_people_even_twins() -> None:
    twins = tracked(*([ANNA.face(0), ANNA.face(130)] for _ in range(4)))
    assert [{face.face.box.x for face in twin.faces} for twin in twins] == [{0}, {130}]


def test_all_pairs_of_a_frame_are_looked_at_together() -> None:
    """The first tracklet alone would take the face that only the second one can have."""
    first, second = ANNA.face(0, alike=1), ANNA.face(130, alike=1)
    moved = ANNA.face(65, alike=1)
    one, other = tracked([first, second], [ANNA.face(-60, alike=1), moved])
    assert one.faces[-1].face.box.x == -60
    assert other.faces[-1] is moved


def test_a_face_that_is_missed_for_a_while_is_found_again_by_its_descriptor() -> None:
    assert spans(tracked([ANNA.face()], [], [], [ANNA.face(500)])) == [(0, 3)]


def test_a_face_that_is_away_for_longer_appears_twice() -> None:
    away: list[list[Descriptor]] = [[]] * int(LONGEST_GAP)
    assert len(tracked([ANNA.face()], *away, [ANNA.face()])) == 2


def test_a_place_tells_nothing_after_a_while() -> None:
    turned = ANNA.face(alike=0.3)
    assert len(tracked([ANNA.face(alike=1)], [turned])) == 1
    assert len(tracked([ANNA.face(alike=1)], [], [], [turned])) == 2


def test_a_head_that_turns_to_the_side_stays_the_same() -> None:
    turned, elsewhere = (ANNA.face(x, alike=0.2, quality=0.15, reasons=("turned",)) for x in (0, 500))
    (anna,) = tracked([ANNA.face(alike=1)], [turned], [ANNA.face(alike=1)])
    assert len(anna.faces) == 3
    assert len(tracked([ANNA.face(alike=1)], [elsewhere])) == 2


def test_a_face_inside_another_is_not_its_next_frame() -> None:
    assert len(tracked([ANNA.face(side=200)], [ANNA.face(80, 80, side=40, alike=0.3)])) == 2


@pytest.mark.parametrize(
    ("quality", "confidence", "reasons", "kept"),
    [
        (0.9, 0.99, (), True),
        (0.9, 0.85, (), False),  # what is no face often looks clear
        (0.1, 0.99, ("blurred",), False),
        (0.1, 0.99, ("turned",), True),
        (0.0, 0.99, ("small", "turned"), False),
    ],
)
def test_a_glimpse_counts_if_it_shows_somebody(
    quality: float, confidence: float, reasons: tuple[str, ...], *, kept: bool
) -> None:
    glimpse = ANNA.face(quality=quality, confidence=confidence, reasons=reasons)
    assert len(tracked([], [glimpse], [])) == kept
    assert len(tracked([glimpse], [glimpse])) == 1


def test_the_template_is_nearer_to_the_person_than_the_mean_or_any_face() -> None:
    faces = [CARLA.face(alike=0.7, quality=0.9) for _ in range(4)]
    faces += [CARLA.face(alike=0.1, quality=0.05) for _ in range(12)]
    tracklet = Tracklet(0, faces[0])
    for moment, face in enumerate(faces[1:], 1):
        tracklet.add(moment, face)
    own = CARLA.face(alike=1).vector
    mean = np.mean([face.vector for face in faces], axis=0)
    template = tracklet.template()
    assert template.dtype == np.float32
    assert np.linalg.norm(template) == pytest.approx(1, abs=1e-6)
    assert template @ own > max(own @ mean / np.linalg.norm(mean), *(face.vector @ own for face in faces))


def test_a_tracklet_is_described_by_its_best_frame_and_all_of_its_boxes() -> None:
    faces = [ANNA.face(0, quality=0.5), ANNA.face(5, quality=0.8), ANNA.face(9, quality=0.8, confidence=0.9)]
    (anna,) = tracked(*([face] for face in faces), every=0.5)
    described = anna.described()
    assert described.face.box.moment == 0.5
    assert (described.face.box.x, described.quality.score, described.face.confidence) == (5, 0.8, 0.99)
    assert described.appearance is not None
    assert (described.appearance.start, described.appearance.end) == (0, 1)
    assert described.appearance.track.dtype == np.float32
    assert described.appearance.track.shape == (3, 15)
    assert np.array_equal(described.appearance.track[1, 5:], faces[1].face.landmarks.ravel())
    assert described.appearance.track[:, :5].tolist() == [
        [0, 0, 0, 100, 100],
        [0.5, 5, 0, 100, 100],
        [1, 9, 0, 100, 100],
    ]


def test_vectors_that_cancel_each_other_leave_that_of_the_best_face() -> None:
    face = ANNA.face()
    opposite = ANNA.face()
    opposite.vector[:] = -face.vector
    tracklet = Tracklet(0, face)
    tracklet.add(1, opposite)
    assert np.array_equal(tracklet.template(), face.vector)


def test_poor_faces_are_joined_by_their_place_alone() -> None:
    """What is hardly a face is like others of its kind."""
    poor = {x: ANNA.face(x, alike=1, quality=0.05, reasons=("blurred",)) for x in (0, 20, 500)}
    assert len(tracked([poor[0]], [poor[20]])) == 1
    assert tracked([poor[0]], [poor[500]]) == []


def test_what_counts_as_alike_depends_on_the_model() -> None:
    sface, facenet = likeness_of(ModelId("sface")), likeness_of(ModelId("facenet"))
    faces = ANNA.face(alike=1), ANNA.face(500, alike=0.5)
    for likeness, count in ((sface, 1), (facenet, 2), (likeness_of(ModelId("vggface-vgg16")), 2)):
        tracker = Tracker(likeness)
        for moment, face in enumerate(faces):
            tracker.add(moment, [face])
        assert len(tracker.close()) == count


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=4), max_size=12))
@settings(deadline=None)
def test_each_face_is_in_one_tracklet_and_each_tracklet_once_in_a_frame(
    frames: list[list[tuple[int, int]]],
) -> None:
    people = (ANNA, BEN, CARLA)
    shown = [[people[person].face(120 * place) for person, place in frame] for frame in frames]
    tracklets = tracked(*shown)
    found = [face for each in tracklets for face in each.faces]
    assert sorted(map(id, found)) == sorted(id(face) for frame in shown for face in frame)
    for each in tracklets:
        assert each.moments == sorted(set(each.moments))
