"""What an action did, in the few words of a toast."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.wording.numbers import count
from index.people.overruled import Overruled, Said

if TYPE_CHECKING:
    from faceindex.naming.decide import Decided


def said(text: str, *several: "Decided", of: str | None = None) -> str:
    """Say what was decided, and what it changed beyond that: faces recognised now, what was said before.

    That faces were confirmed as the person ``of`` whom the page is goes without saying.
    """
    return " ".join((f"{text}.", *(each for decided in several for each in _beyond(decided, of))))


def numbers_of(several: "Sequence[Decided]") -> tuple[int, ...]:
    """Return the numbers of decisions that were made together, to take them back together."""
    return tuple(number for decided in several for number in decided.numbers)


def _beyond(decided: "Decided", of: str | None) -> Iterator[str]:
    if decided.regrouped is not None:
        if gained := decided.regrouped.newly_recognised:
            yield f"{_are(gained, 'more face')} recognised now."
        if lost := decided.regrouped.no_longer_recognised:
            yield f"{_are(lost, 'face')} recognised no longer."
    for overruled in decided.effects.overruled:
        if overruled.said != Said.CONFIRMED or overruled.person != of:
            yield _overruled(overruled)
    for each in decided.effects.renamed:
        if each.now is not None and not each.merged:
            yield f"{each.before or 'Somebody'} is listed as {each.now} now."


def _overruled(each: Overruled) -> str:
    number = len(each.face_ids)
    before = {
        Said.CONFIRMED: f"confirmed as {each.person}",
        Said.IGNORED: "ignored",
        Said.NOT_A_FACE: "said to be no face" if number == 1 else "said to be no faces",
        Said.REJECTED: f"said not to be {each.person}",
    }[each.said]
    return f"{count(number, 'face')} {'was' if number == 1 else 'were'} {before} before."


def _are(number: int, noun: str) -> str:
    return f"{count(number, noun)} {'is' if number == 1 else 'are'}"


def people_count(number: int) -> str:
    """Return a number of people, in words."""
    return "1 person" if number == 1 else f"{number:,} people"
