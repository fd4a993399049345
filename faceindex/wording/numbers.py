"""Numbers in words."""


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(probability: float) -> str:
    """Format a probability, never rounded to 0 or 100 %."""
    if probability > 0.999:
        return "over 99.9 %"
    return "under 0.1 %" if probability < 0.001 else f"{probability:.1%}".replace("%", " %")
