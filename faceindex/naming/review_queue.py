"""Keeps what may be asked of a library ranked while decisions are taken: the next question comes quickly."""

from collections.abc import Collection, Hashable, Iterator
from itertools import islice
from threading import Lock

from faceindex.naming.asking_about import Asking
from faceindex.naming.question import Question, Questions
from faceindex.naming.review import Ranking
from faceindex.session import Session
from index.people.concerned import concerned_since
from index.recognition.likeness import last_judged

_FOLLOWED = 100
"""Decisions that are followed at once; after more, as after an import, the whole library is looked at."""

_AT_FIRST = 1
"""Suggestions that are looked at first."""


class ReviewQueue:
    """The ranking of one library, which threads share."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._state: Hashable = None
        self._inputs: Hashable = None
        self._ranking: Ranking | None = None

    def questions(
        self,
        session: Session,
        state: Hashable,
        most: int,
        skipped: Collection[str] = (),
        first: str | None = None,
    ) -> Questions:
        """Return the most useful questions, at most ``most``.

        The ``skipped`` ones come after all others. The one with the key ``first`` comes first, if it is one.
        """
        with self._turn:
            ranking = self._followed(session, state)
        asking = Asking(session, ranking)
        found = {} if first is None else {each.key: each for each in asking.again(first)}
        for left_out in (skipped, ()) if skipped else ((),):
            for each in islice(_all(session, asking, ranking, left_out), most):
                if len(found) < most:
                    found.setdefault(each.key, each)
        shown = list(found.values())
        return Questions(shown, max(ranking.total, len(shown)) if shown else 0)

    def ranking(self, session: Session, state: Hashable) -> Ranking:
        """Return the ranking of the present state."""
        with self._turn:
            return self._followed(session, state)

    def _followed(self, session: Session, state: Hashable) -> Ranking:
        inputs = (id(session), session.model().model_id, session.thresholds(), last_judged(session.database))
        known = self._ranking if inputs == self._inputs else None
        if known is not None and state == self._state:
            return known
        concerned = None if known is None else concerned_since(session.database, known.last, most=_FOLLOWED)
        if known is None or concerned is None:
            ranking = Ranking.of(session)
        else:
            ranking = known.followed(session, concerned)
        self._state, self._inputs, self._ranking = state, inputs, ranking
        return ranking


def _all(session: Session, asking: Asking, ranking: Ranking, skipped: Collection[str]) -> Iterator[Question]:
    """Yield all questions, the most useful first; suggestions are looked at a few at a time."""
    clusters = (each.removeprefix("cluster-") for each in skipped if each.startswith("cluster-"))
    without = {int(each) for each in clusters if each.isascii() and each.isdigit()}
    done, most = 0, _AT_FIRST
    while done < ranking.total:
        for each in islice(ranking.first(session, most, without), done, None):
            yield from asking.questions(each, skipped)
        done, most = most, most * 4
