"""How an adaptation looks in a terminal: rows of text from values, and nothing printed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from faceindex.cli.text import scanning as nightly_text

if TYPE_CHECKING:
    from faceindex.adapt.adaptation import Adaptation


def adapted(found: "Adaptation") -> Iterator[str]:
    """What was learned, what it is worth, and what became of it."""
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
        yield from nightly_text.model_switched(found.change)
