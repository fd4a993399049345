"""What the routes share: the library, pages from templates, and what an action answers."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from faceindex.errors import FaceindexError
from faceindex.library import Library
from faceindex.printable import printable
from faceindex.wording.decisions import sentence
from faceindex.wording.numbers import count

HERE = Path(__file__).parent

VERSION_BEFORE, VERSION_AFTER = "X-Library-Before", "X-Library-After"
"""Headers of an action: ``changes.js`` tells its own changes from those of others by them."""


def library_of(request: Request) -> Library:
    """Return the library of the server."""
    library: Library = request.app.state.library
    return library


LibraryOf = Annotated[Library, Depends(library_of)]
"""The library, as an argument of a route."""


def version_of(library: Library) -> str:
    """Return the version of the library; empty if it cannot be read, which what the page shows will say."""
    try:
        return library.version()
    except FaceindexError:
        return ""


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a whole page, from a template that extends ``base.html``."""
    values["version"] = version_of(library_of(request))
    return fragment(request, template, status=status, **values)


def fragment(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a part of a page, which htmx puts in its place."""
    return HTMLResponse(rendered(request, template, **values), status)


def rendered(request: Request, template: str, **values: Any) -> str:
    """Render the HTML of a template."""
    return templates().get_template(template).render(request=request, path=request.url.path, **values)


def decided(
    request: Request,
    text: str,
    undo: int | Sequence[int] | None = None,
    html: str = "",
    *,
    redo: Sequence[int] | None = None,
    location: str | None = None,
    event: str | None = None,
) -> HTMLResponse:
    """Answer an action: a toast says what was done.

    Args:
        request: The request that asked for it.
        text: What was done, in a few words.
        undo: The number of the decision, or of several, that the toast's button, and the key U, take back.
        html: Swapped in by htmx: the main target, and parts with ``hx-swap-oob``.
        redo: The numbers of undos; the toast's button takes them back, so that the decisions hold again.
        location: The page to go to, where the toast is shown then.
        event: An event that the body gets too, such as ``undone``.
    """
    toast: dict[str, object] = {"text": printable(text), "undo": undo or None, "redo": redo or None}
    if location is not None:
        toast["later"] = True
    events = {"toast": toast, **({} if event is None else {event: {}})}
    headers = {"HX-Trigger": json.dumps(events)}  # ASCII, whatever the name
    if location is not None:
        headers["HX-Redirect"] = location
    return HTMLResponse(html, headers=headers)


@cache
def templates() -> Environment:
    """Return the templates: everything that is put into them is text, never markup."""
    loader = FileSystemLoader(HERE / "templates")
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    made.filters["count"] = count
    made.filters["sentence"] = sentence
    made.filters["moment"] = _moment
    made.filters["number"] = "{:,}".format
    return made


def _moment(time: datetime) -> str:
    """Return a time as this machine's clock shows it."""
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def _finalized(value: object) -> object:
    """Make text fit for a page, whatever bytes a file's name has; markup is what a template made."""
    if isinstance(value, str | bytes) and not isinstance(value, Markup):
        return printable(value)
    return value
