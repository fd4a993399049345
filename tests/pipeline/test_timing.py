import pytest

from pipeline.timing import StageClock


def test_adds_up_the_seconds_of_each_stage_also_when_it_fails() -> None:
    clock = StageClock(iter([0.0, 2.0, 10.0, 13.0, 20.0, 20.5]).__next__)
    for _ in range(2):
        with clock.time("decode"):
            pass
    with pytest.raises(ValueError, match="bad"), clock.time("detect"):
        raise ValueError("bad")
    decode, detect = clock.stages()
    assert (decode.stage, detect.stage) == ("decode", "detect")
    assert (decode.seconds, detect.seconds) == (5.0, 0.5)
