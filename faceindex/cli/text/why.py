"""Text of ``why``: the reasons for an identity, in rows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from faceindex.wording.why import sections, title

if TYPE_CHECKING:
    from faceindex.asking.why import Explanation


def explanation_rows(explanation: "Explanation") -> Iterator[str]:
    """Explain an identity: a title, then rows of a name and a value."""
    yield title(explanation)
    for name, rows in sections(explanation).items():
        for at, row in enumerate(rows or ["none"]):
            yield f"  {'' if at else name:<10}  {row}"
