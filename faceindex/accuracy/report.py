"""Draws an evaluation as a PNG and as an HTML page that needs no other file; only this imports matplotlib."""

import base64
import html
import io
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.accuracy.measures import Evaluation
from faceindex.accuracy.verification import VerificationRates
from faceindex.errors import FaceindexError
from faceindex.fonts import bundled_files

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 120
_HEADROOM = 1.15  # above the highest bar, for the legend
_GENUINE, _IMPOSTOR = "#1b6ca8", "#c8553d"

_STYLE = (
    "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "img{max-width:100%}pre{font-size:.9rem;line-height:1.4;overflow-x:auto}"
)


def write_report(found: Evaluation, lines: Iterable[str], folder: Path) -> tuple[Path, Path]:
    """Write ``accuracy.png`` and ``accuracy.html``, with some ``lines`` of text, and return their paths.

    Raises:
        FaceindexError: matplotlib is not installed, or the files cannot be written.
    """
    image = _png(found)
    page, picture = folder / "accuracy.html", folder / "accuracy.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(image)
        page.write_text(_page(found, lines, image), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise FaceindexError(
            f"{folder} cannot be written: {(error.strerror or str(error)).lower()}."
        ) from error
    return picture, page


def _png(found: Evaluation) -> bytes:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise FaceindexError("Plots need matplotlib: pip install 'faceindex[plots]'.") from error
    figure = Figure(figsize=(11, 8), layout="constrained")
    axes = figure.subplots(2, 2)
    figure.suptitle(f"{found.model}: {found.faces:,} faces of {found.people:,} people", fontsize=13)
    draw_roc(found.verification, axes[0][0])
    _draw_similarities(found, axes[0][1])
    _draw_identification(found, axes[1][0])
    _draw_groups(found, axes[1][1])
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130)
    return stream.getvalue()


def draw_roc(rates: VerificationRates | None, axes: "Axes") -> None:
    """Draw the part of the receiver operating characteristic that can be measured."""
    axes.set_title("One to one")
    axes.set_xlabel("false accept rate")
    axes.set_ylabel("true accept rate")
    if rates is None:
        _mark_not_measured(axes)
        return
    curve, operating = rates.curve, rates.operating
    # Lower rates depend on a pair or two, and would squeeze the rest.
    shown = curve.far >= min((each.far for each in operating), default=0.0) / 2
    axes.semilogx(curve.far[shown], curve.tar[shown], color=_GENUINE)
    for each in operating:
        axes.plot([each.far, each.far], [each.interval.low, each.interval.high], color=_IMPOSTOR)
        axes.plot(each.far, each.tar, "o", color=_IMPOSTOR, markersize=4)
    if operating:
        axes.plot([], [], "o-", color=_IMPOSTOR, markersize=4, label="with 95 % intervals")
        axes.legend(frameon=False, loc="lower right")
    axes.grid(visible=True, alpha=0.3)


def _draw_similarities(found: Evaluation, axes: "Axes") -> None:
    axes.set_title("Similarities")
    axes.set_xlabel("cosine")
    axes.set_ylabel("density")
    if found.comparisons is None or found.verification is None:
        _mark_not_measured(axes)
        return
    for values, name, colour in (
        (found.comparisons.impostor, "two people", _IMPOSTOR),
        (found.comparisons.genuine, "one person", _GENUINE),
    ):
        axes.hist(values, bins=_BINS, range=(-1, 1), density=True, alpha=0.6, label=name, color=colour)
    axes.set_xlim(-0.5, 1)
    axes.set_ylim(0, axes.get_ylim()[1] * _HEADROOM)
    axes.legend(frameon=False, loc="upper center", ncols=2)


def _draw_identification(found: Evaluation, axes: "Axes") -> None:
    axes.set_title("One to many, one face enrolled for each person")
    known = found.identification
    if known is None:
        _mark_not_measured(axes)
        return
    bars = [("rank 1", known.rank_1), ("rank 5", known.rank_5)]
    bars += [(f"TPIR at\nFPIR {each.fpir:.0%}", each.tpir) for each in known.open_set]
    if found.clustering:
        bars.append(("clusters:\nB-cubed F", found.clustering.b_cubed.f))
    drawn = axes.bar([name for name, _ in bars], [value for _, value in bars], color=_GENUINE)
    axes.bar_label(drawn, fmt="%.3f", fontsize=8, padding=1)
    axes.set_ylim(0, 1.1)


def _draw_groups(found: Evaluation, axes: "Axes") -> None:
    axes.set_title("True accept rate of groups, at one threshold")
    from matplotlib.patheffects import Normal, Stroke

    bars = [(f"{each.group} ({each.genuine:,})", each.tar) for each in found.groups if each.tar is not None]
    if not bars:
        _mark_not_measured(axes)
        return
    families = _font_families()
    drawn = axes.barh(range(len(bars)), [value for _, value in bars], color=_GENUINE)
    axes.bar_label(drawn, fmt="%.3f", fontsize=8, padding=3)
    for row, (name, _) in enumerate(bars):  # on the bars: beside them, long names would narrow the plot
        label = axes.text(0.02, row, name, color="white", va="center", fontsize=9, family=families)
        label.set_path_effects([Stroke(linewidth=2, foreground=_GENUINE), Normal()])
    axes.set_xlim(0, 1.15)
    axes.set_yticks([])
    axes.set_xlabel("true accept rate (pairs of one person in brackets)")
    axes.invert_yaxis()


def _font_families() -> list[str]:
    """Tell matplotlib of the fonts that are installed with this program, and name them after its own."""
    from matplotlib.font_manager import fontManager

    # It would tell the user of each variable font that it draws it in the weight with which the font opens.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    known = {each.fname for each in fontManager.ttflist}
    for file in bundled_files():
        if file not in known:
            fontManager.addfont(file)
    named = {each.fname: each.name for each in fontManager.ttflist}
    return ["sans-serif", *(named[file] for file in bundled_files())]


def _mark_not_measured(axes: "Axes") -> None:
    axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes)


def _page(found: Evaluation, lines: Iterable[str], image: bytes) -> str:
    title = html.escape(f"Accuracy of {found.model} on {found.source}")
    text = html.escape("\n".join(lines))
    picture = base64.b64encode(image).decode("ascii")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f'<img alt="Plots of the figures below" src="data:image/png;base64,{picture}">'
        f"<pre>{text}</pre></body></html>\n"
    )
