"""Tells JPEG 2000 pictures whose channels have several resolutions, of which Pillow reads one kind only.

It looks at the header of the codestream alone (ISO/IEC 15444-1, A.5.1), and knows no image library.
"""

import struct

from pipeline.decoding.format_reader import Unreadable
from pipeline.values import Reason

_START = b"\xff\x4f\xff\x51"
"""The markers SOC and SIZ."""
_COUNT_AT, _COMPONENTS_AT = 40, 42
"""From the start: the number of components, and three bytes for each: its depth, and its steps in x and y."""

_FULL = (1, 1)


def refuse_rare_kinds(content: bytes) -> None:
    """Raise Unreadable for a picture that Pillow would refuse as damaged, or decode to noise."""
    start = content.find(_START)
    if start < 0 or start + _COMPONENTS_AT > len(content):
        return
    (count,) = struct.unpack_from(">H", content, start + _COUNT_AT)
    listed = content[start + _COMPONENTS_AT :][: 3 * count]
    steps = [(across, down) for _, across, down in struct.iter_unpack("3B", listed[: len(listed) // 3 * 3])]
    first, others = steps[:1], set(steps[1:])
    is_luma_with_chroma = first == [_FULL] and len(steps) == 3 and len(others) == 1
    if any(each != _FULL for each in steps) and not is_luma_with_chroma:
        why = "its channels have several resolutions"
        message = f"this kind of JPEG 2000 cannot be read ({why}): convert it to a plain JPEG or PNG"
        raise Unreadable(Reason.UNSUPPORTED, message)
