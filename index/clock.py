"""The time, as a function that tests replace."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Returns the time, with an offset from UTC."""


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)
