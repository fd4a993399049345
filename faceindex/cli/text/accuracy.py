"""Text of ``evaluate``, ``calibrate`` and ``adapt``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from faceindex.cli.render import columns, padded
from faceindex.cli.text.switching import model_switched
from faceindex.wording.numbers import count

if TYPE_CHECKING:
    from faceindex.accuracy.calibrate import Calibrated
    from faceindex.accuracy.measures import Evaluation
    from faceindex.accuracy.verification import Interval
    from faceindex.adapt.adaptation import Adaptation


def evaluation(found: "Evaluation") -> Iterator[str]:
    """Yield everything that was measured."""
    yield f"{found.faces:,} faces of {found.people:,} people, model {found.model}"
    yield from _detection(found)
    yield from _verification(found)
    yield from _identification(found)
    yield from _clustering(found)
    yield from _groups(found)


def calibrated(found: "Calibrated") -> Iterator[str]:
    """Yield the result of a calibration."""
    if found.persons:
        yield (
            f"Found on {found.persons:,} persons: {found.same:,} pairs of faces of one, "
            f"{found.different:,} of two; {count(found.rejected, 'rejection')}"
        )
    else:
        yield f"Back to what {found.model} comes with:"
    for each in found.losses:
        chosen = "  <- holds up best" if each.method == found.method else ""
        yield f"  {each.method:10} loss on persons left out {each.loss:.4f}{chosen}"
    for name, before, after in (
        ("accept", found.before.accept, found.after.accept),
        ("review", found.before.review, found.after.review),
    ):
        yield f"{name:8} {before:.3f} -> {after:.3f}"
    yield (f"Recognised faces: {found.recognised:,} afterwards, {found.gained:,} gained, {found.lost:,} lost")
    for pair in found.close:
        yield f"Easily confused: {pair.person} and {pair.other}, told apart by {pair.margin:.3f} or more"


def adapted(found: "Adaptation") -> Iterator[str]:
    """Yield what was learned, whether it helps, and what was kept."""
    trial = found.trial
    yield f"Learned from {found.faces:,} faces of {found.people:,} people, and tried on people left out:"
    yield f"{'':42}{found.base:>12}{'adapted':>12}"
    before, after = trial.before, trial.after
    yield f"  {'equal error rate':40}{before.eer:>12.2%}{after.eer:>12.2%}"
    yield f"  {'two people more alike than one (1 - AUC)':40}{1 - before.auc:>12.3%}{1 - after.auc:>12.3%}"
    if before.tar is not None and after.tar is not None:
        yield f"  {'one person told at 1% false matches':40}{before.tar:>12.2%}{after.tar:>12.2%}"
    gain = f"{trial.gain:.2%} of the equal error rate, standard error {trial.deviation:.2%}"
    if not trial.helps:
        yield f"No gain that is more than chance ({gain}): nothing was kept."
        return
    yield f"It helps: {gain}; descriptors of {found.dimension} numbers."
    if found.change is not None:
        yield from model_switched(found.change)


def _detection(found: "Evaluation") -> Iterator[str]:
    counts = found.detection
    if counts is None:
        return
    yield ""
    yield "Detection"
    yield f"  photos         {counts.photos:,}, of which {counts.unreadable:,} unreadable"
    if counts.repeated:
        yield f"  met before     {counts.repeated:,}, by content"
    yield f"  with a face    {counts.rate:.2%}; {counts.without_face:,} without"
    yield f"  faces          {counts.faces:,}; {counts.several:,} photos with several"


def _verification(found: "Evaluation") -> Iterator[str]:
    rates = found.verification
    if rates is None:
        return
    yield ""
    yield f"Verification: {rates.genuine:,} pairs of one person, {rates.impostor:,} of two"
    if found.folds:
        folds = found.folds
        pairs = f"{folds.pairs:,} pairs in folds" + (
            f", drawn {folds.draws} times" if folds.draws > 1 else ""
        )
        yield f"  accuracy       {folds.accuracy:.4f} ± {folds.deviation:.4f}, {pairs}"
    yield f"  AUC            {rates.auc:.6f}"
    yield f"  EER            {rates.eer:.4f}"
    for each in rates.operating:
        rest = f"{_interval(each.interval)}  threshold {each.threshold:.3f}"
        yield f"  TAR at FAR {each.far:<7g} {each.tar:.4f}  {rest}"


def _identification(found: "Evaluation") -> Iterator[str]:
    known = found.identification
    if known is None:
        return
    yield ""
    yield f"Identification: {known.enrolled:,} persons with one face each, {known.probes:,} probes"
    yield f"  rank 1         {known.rank_1:.4f}"
    yield f"  rank 5         {known.rank_5:.4f}"
    for each in known.open_set:
        rest = f"{_interval(each.interval)}  threshold {each.threshold:.3f}"
        yield f"  TPIR at FPIR {each.fpir:<5g} {each.tpir:.4f}  {rest}"


def _clustering(found: "Evaluation") -> Iterator[str]:
    groups = found.clustering
    if groups is None:
        return
    yield ""
    yield f"Clustering: {count(groups.groups, 'group')} for {groups.people:,} people"
    for name, each in (("B-cubed F", groups.b_cubed), ("pairwise F", groups.pairwise)):
        yield f"  {name:14} {each.f:.4f}  precision {each.precision:.4f}  recall {each.recall:.4f}"


def _groups(found: "Evaluation") -> Iterator[str]:
    if not found.groups:
        return
    yield ""
    yield "Groups, at one threshold (FAR 0.001 over all)"
    width = columns(each.group for each in found.groups)
    for each in found.groups:
        tar, far = (f"{rate:.4f}" if rate is not None else "-" for rate in (each.tar, each.far))
        group = padded(each.group, width)
        yield f"  {group}  TAR {tar:6} of {each.genuine:>7,}   FAR {far:6} of {each.impostor:>9,}"


def _interval(found: "Interval") -> str:
    return f"[{found.low:.4f}, {found.high:.4f}]"
