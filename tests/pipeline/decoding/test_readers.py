"""What reads which format, by name and version."""

import PIL
import pytest

from pipeline.decoding.formats import Format
from pipeline.decoding.readers import decoder_of, is_current


def test_a_decoder_is_current_until_another_reads_the_format() -> None:
    assert decoder_of(Format.JPEG) == f"jpeg pillow {PIL.__version__}"
    assert decoder_of(Format.JPEG_2000) == "jpeg-2000 none"
    for kind in Format:
        assert is_current(decoder_of(kind))


@pytest.mark.parametrize(
    "decoder", ["jpeg pillow 1.0", "jpeg none", "heic pillow-heif 9.9", "sketch none", ""]
)
def test_any_other_decoder_is_not(decoder: str) -> None:
    assert not is_current(decoder)
