"""The time, as a function that tests replace."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Says what time it is, with an offset from UTC."""


def utc_now() -> datetime:
    """The time, by this machine's clock."""
    return datetime.now(UTC)
