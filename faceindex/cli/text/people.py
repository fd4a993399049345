"""Text of ``people`` and ``cluster``."""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.cli.render import columns, padded
from faceindex.cli.text.faces import faces as face_rows
from faceindex.wording.decisions import UNKNOWN_SOURCE, sentence
from faceindex.wording.numbers import count
from index.people.overruled import Said

if TYPE_CHECKING:
    from faceindex.naming.decide import Decided, ForgetPlan
    from faceindex.naming.enroll import Enrolled, LeftOut
    from faceindex.naming.journal import Undone
    from faceindex.results import LibraryFace
    from index.clustering.regroup import Regrouped
    from index.clustering.ungrouped import Ungrouped
    from index.decisions.log import LoggedDecision
    from index.people.overruled import Overruled, Renamed
    from index.people.queries import PersonSummary
    from index.privacy.forget import Erased
    from index.privacy.journal_merge import Imported

_FACES_NAMED = 8
"""Numbers of faces in one line; the command below it names all."""


def people(summaries: Sequence["PersonSummary"]) -> Iterator[str]:
    """Yield a heading, and a line for each person."""
    width = columns(["person", *(each.person.name for each in summaries)])
    yield f"{padded('person', width)}  {'confirmed':>9}  {'recognised':>10}"
    for each in summaries:
        missing = f"  ({count(each.missing, 'face')} in missing photos)" if each.missing else ""
        hidden = "  (hidden)" if each.person.hidden else ""
        kept = f"  ({count(each.exemplars, 'confirmed face')} in no photo any more)" if each.exemplars else ""
        added = f"  (added to {count(each.added, 'photo')})" if each.added else ""
        counts = f"{each.confirmed:>9,}  {each.recognised:>10,}"
        yield f"{padded(each.person.name, width)}  {counts}{hidden}{missing}{kept}{added}"


def exemplars(face_ids: Sequence[int]) -> str:
    """Say which confirmed faces are in no photo any more."""
    number = len(face_ids)
    stay = "is in no photo any more, and stays" if number == 1 else "are in no photo any more, and stay"
    return f"{count(number, 'more confirmed face')} {stay} to recognise others by: {some_numbers(face_ids)}"


def regrouped(done: "Regrouped", *, dry: bool) -> str:
    """Report what regrouping changed."""
    changes = (
        (done.newly_recognised, "newly recognised"),
        (done.no_longer_recognised, "no longer recognised"),
        (done.founded, "new clusters" if done.founded != 1 else "new cluster"),
        (done.joined, "joined a cluster"),
        (done.moved, "left one"),
        (done.merged, "clusters merged" if done.merged != 1 else "cluster merged"),
    )
    changed = ", ".join(f"{number:,} {what}" for number, what in changes if number)
    would = "Would change: " if dry and changed else ""
    state = (
        f"{count(done.clusters, 'cluster')} without a name, with {count(done.clustered, 'face')}; "
        f"{count(done.unclustered, 'face')} like no other; {done.recognised:,} recognised as people"
    )
    return f"{would}{changed}. {state}" if changed else state


def ungrouped(found: "Ungrouped") -> Iterator[str]:
    """Say why faces are in no cluster, and what to do about each cause."""
    good = found.strangers + found.conflicting + found.probable + found.alone
    yield (
        f"Two faces form a cluster from a similarity of {found.similarity:.3f} on, in a library of "
        f"{count(found.reliable, 'good face')}. Faces without a name, in no cluster:"
    )
    causes = (
        (found.undescribed, "waiting to be described", "'faceindex reindex' does that"),
        (found.uncompared, "waiting to be compared with the others", "'faceindex cluster' does that"),
        (
            found.poor,
            f"too poor to form a cluster (quality below {found.least_quality})",
            "they join one when better photos of the person are scanned",
        ),
        (found.alone, "like no other face", "name them one by one, or scan more photos of them"),
        (
            found.conflicting,
            "like others, and kept apart by a decision or a face in the same photo",
            "'faceindex people log' lists decisions, and 'faceindex people undo' takes one back",
        ),
        (
            found.probable,
            "like a person with a name, but not surely that person",
            "'faceindex people review' asks about them",
        ),
        (
            found.strangers,
            "like a stranger whom you ignore",
            "'faceindex people undo' takes back that decision",
        ),
    )
    shown = [(f"{number:,}", what, remedy) for number, what, remedy in causes if number]
    width = max((len(number) for number, _, _ in shown), default=0)
    for number, what, remedy in shown:
        yield f"  {number:>{width}}  {what}: {remedy}"
    if not shown:
        yield "  none"
    if found.compared < good:
        yield f"The causes of the last {good:,} are estimated by {found.compared:,} of them."


def decided(decided: "Decided") -> str:
    """Report a decision, its effects, and how to take it back."""
    every = (decided.logged, *decided.more)
    text = " ".join(f"{sentence(each)}." for each in every)
    if decided.regrouped is not None:
        gained, lost = decided.regrouped.newly_recognised, decided.regrouped.no_longer_recognised
        text += f" {count(gained, 'more face')} recognised." if gained else ""
        text += f" {count(lost, 'face')} no longer recognised." if lost else ""
    text += "".join(f" {_overruled(each)}." for each in decided.effects.overruled)
    text += "".join(f" {_renamed(each)}" for each in decided.effects.renamed)
    it = "it" if len(every) == 1 else "them"
    return f"{text} Take {it} back: faceindex people undo {' '.join(map(str, decided.numbers))}"


def log(decisions: Iterable["LoggedDecision"]) -> Iterator[str]:
    """Yield a line for each decision, with what it was made by."""
    decisions = tuple(decisions)
    width = columns([each.decision.source or UNKNOWN_SOURCE for each in decisions])
    for each in decisions:
        decision = each.decision
        made_at = decision.made_at.astimezone().strftime("%Y-%m-%d %H:%M")
        source = decision.source or UNKNOWN_SOURCE
        undone = f"  (undone by {each.undone_by})" if each.undone_by is not None else ""
        yield f"{decision.id:>5}  {made_at}  {padded(source, width)}  {sentence(each)}{undone}"


def undone(undone: "Undone") -> Iterator[str]:
    """Report a decision that was taken back, what follows from that, and how to take back the undo."""
    for line in log([undone.logged, *undone.more]):
        yield f"Undone: {line.strip()}"
    if undone.about is not None:
        (line,) = log([undone.about])
        yield f"{'In force again' if undone.about.active else 'No longer in force'}: {line.strip()}"
    yield from map(_renamed, undone.renamed)
    yield f"Take the undo back: faceindex people undo {' '.join(map(str, undone.numbers))}"


def imported(done: "Imported") -> Iterator[str]:
    """Report an import, and what it changed of what was said before."""
    redacted = f", {done.redacted:,} about somebody who was forgotten" if done.redacted else ""
    yield f"{count(done.added, 'decision')} added, {done.known:,} known already{redacted}"
    yield from _overruled_each(done.effects.overruled)
    yield from map(_renamed, done.effects.renamed)


def _overruled_each(found: Sequence["Overruled"]) -> Iterator[str]:
    for each in found:
        number = each.decision_id
        back = "" if number is None else f" Take it back: faceindex people undo {number}"
        are = "is" if len(each.face_ids) == 1 else "are"
        now = "" if each.now is None else f", and {are} {each.now} now"
        yield f"{_overruled(each, now)}.{back}"


def _overruled(each: "Overruled", now: str = "") -> str:
    number = len(each.face_ids)
    said = {
        Said.CONFIRMED: f"confirmed as {each.person}",
        Said.IGNORED: "ignored",
        Said.NOT_A_FACE: "said to be no face" if number == 1 else "said to be no faces",
        Said.REJECTED: f"said not to be {each.person}",
    }[each.said]
    were = "was" if number == 1 else "were"
    return f"{count(number, 'face')} {were} {said} before{now}: {some_numbers(each.face_ids)}"


def _renamed(each: "Renamed") -> str:
    if each.now is None:
        return f"Nobody is known as {each.before} any more."
    if each.merged:
        return f"{each.before} is part of {each.now} now."
    listed = f"{each.before or 'Somebody'} is listed as {each.now} now"
    if each.namesake is None:
        return f"{listed}."
    now, namesake = shlex.quote(each.now), shlex.quote(each.namesake)
    return (
        f"{listed}, because another person is called {each.namesake} already. "
        f"If they are one: faceindex people merge {namesake} {now}. "
        f"Else: faceindex people rename {now} NAME"
    )


def left_out(left_out: "LeftOut") -> str:
    """Report a photo from which nobody was enrolled."""
    return f"Left out: {os.fsdecode(left_out.photo)}: {left_out.reason}"


def enrolled(done: "Enrolled") -> Iterator[str]:
    """Report the result of an enrolment, and how to take it back."""
    people = "1 person" if done.people == 1 else f"{done.people:,} people"
    text = f"Enrolled {people} from {count(done.faces, 'face')}"
    if len(done.decisions) == 1:
        text += f". Take it back: faceindex people undo {done.decisions[0]}"
    elif done.decisions:
        first, last = done.decisions[0], done.decisions[-1]
        text += f". Take one of them back: faceindex people undo NUMBER, from {first} to {last}"
    yield text
    yield from _overruled_each(done.overruled)


def erased(erased: "Erased") -> Iterator[str]:
    """Report what was forgotten."""
    yield f"Forgotten: {erased.name}, with {count(erased.faces, 'face')}. It cannot be undone."
    if erased.let_go:
        verb = "stays" if erased.let_go == 1 else "stay"
        yield f"{_only_recognised(erased.let_go)} {verb}, without a name."
    for path in erased.purged.removed:
        yield f"Deleted, because it held them too: {path}"
    for path in erased.purged.left:
        yield f"May still hold them, and is yours to delete: {path}"


def forget_question(plan: "ForgetPlan") -> str:
    """Ask whether to erase a person, and say how many faces that concerns."""
    question = f"Erase {plan.person.name} and {count(plan.faces, 'face')}, for good?"
    return f"{_would_stay(plan)} {question}" if plan.let_go else question


def forget_plan(plan: "ForgetPlan") -> Iterator[str]:
    """Report what forgetting a person would do."""
    yield f"Would erase {plan.person.name} and {count(plan.faces, 'face')}{_in_photos(plan.erased)}."
    if plan.without_photo:
        gone = "is in a photo that is" if plan.without_photo == 1 else "are in photos that are"
        yield f"{plan.without_photo:,} of them {gone} gone."
    if plan.let_go:
        yield _would_stay(plan)


def forgotten_faces(plan: "ForgetPlan") -> Iterator[str]:
    """Yield a heading, and a line for each face in a photo that would be erased or let go."""
    would = ("would", *("erase" for _ in plan.erased), *("let go" for _ in plan.let_go))
    for word, line in zip(would, face_rows([*plan.erased, *plan.let_go]), strict=True):
        yield f"{word:<6}  {line}"


def _would_stay(plan: "ForgetPlan") -> str:
    where = _in_photos(plan.let_go)
    also = "--also-recognised erases " + ("it" if len(plan.let_go) == 1 else "them")
    return f"{_only_recognised(len(plan.let_go))} would stay, without a name{where}: {also} too."


def _only_recognised(number: int) -> str:
    return f"{count(number, 'face')} that {'was' if number == 1 else 'were'} only recognised"


def _in_photos(found: Sequence["LibraryFace"]) -> str:
    photos = len({each.record.digest for each in found})
    return f", in {count(photos, 'photo')}" if photos else ""


def some_numbers(face_ids: Sequence[int]) -> str:
    """List the first few of some numbers of faces."""
    shown = ", ".join(map(str, face_ids[:_FACES_NAMED]))
    return f"{shown}, ..." if len(face_ids) > _FACES_NAMED else shown
