"""What a decision says, in words."""

from typing import TYPE_CHECKING

from faceindex.wording.numbers import count
from index.decisions.model import Born, Rename, Undo, faces_of, photos_of

if TYPE_CHECKING:
    from index.decisions.log import LoggedDecision

UNKNOWN_SOURCE = "unknown"
"""What made a decision, for one that was made before this was recorded."""


def sentence(logged: "LoggedDecision") -> str:
    """Say what a decision says, without a full stop."""
    act = logged.decision.act
    faces, photos = count(len(faces_of(act)), "face"), count(len(photos_of(act)), "photo")
    name, other = logged.person_name or "nobody known", logged.other_name or "nobody known"
    match act:
        case Undo():
            return f"undoes {'a decision that is not here' if logged.undoes is None else logged.undoes}"
        case Rename():
            return f"{name} is called {act.name}"
        case Born():
            return f"{name}: born {act.date}" if act.date else f"{name}: date of birth unknown"
    return {
        "assign": f"{faces}: {name}",
        "draw": f"{faces}, drawn: {name if logged.person_name else 'there'}",
        "reject": f"{faces}: not {name}",
        "not-a-face": f"{faces}: not a face",
        "ignore": f"{faces}: a stranger, ignored",
        "merge": f"{name}: also who was called {other}",
        "apart": f"{name} and {other} are two people",
        "split": f"{faces}: {name}, and not {other}",
        "hide": f"{name} is hidden",
        "unhide": f"{name} is shown again",
        "portrait": f"{faces}: shown for {name}",
        "in-photo": f"{photos}: {name} is there",
        "not-in-photo": f"{photos}: {name} is not there",
        "forget": "somebody was forgotten",
        "forgotten": "about somebody who was forgotten",
    }[act.kind]
