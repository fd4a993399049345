import time

import pytest

from pipeline.timing import StageClock


def test_adds_up_the_seconds_of_each_stage_also_when_it_fails() -> None:
    clock = StageClock()
    for _ in range(2):
        with clock.time("decode"):
            time.sleep(0.02)
    with pytest.raises(ValueError, match="bad"), clock.time("detect"):
        raise ValueError("bad")
    decode, detect = clock.stages()
    assert (decode.stage, detect.stage) == ("decode", "detect")
    assert decode.seconds >= 0.04
    assert 0 <= detect.seconds < 0.02
