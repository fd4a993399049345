"""Pictures of faces and photos, frames of films, and films to play: each by its number.

What cannot be shown is a small picture that says why, with the status 404.
"""

import os
from collections.abc import Callable
from http import HTTPStatus
from textwrap import wrap

from anyio import CapacityLimiter, Semaphore, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from faceindex.errors import PictureUnavailable
from faceindex.viewing.picture import Picture
from faceindex.web.context import LibraryOf, templates
from faceindex.web.film_response import FilmResponse

router = APIRouter(prefix="/media")

_AT_ONCE = 16
_turns = Semaphore(_AT_ONCE)
_threads = CapacityLimiter(_AT_ONCE)
"""What reads photos has threads of its own: while it waits, other pages are answered."""

_LINE, _MOST_LINES = 30, 6
"""Letters of a line, and lines, of a picture that says why there is none."""


@router.api_route("/faces/{face_id}/{long_edge}", methods=["GET", "HEAD"])
async def face(request: Request, library: LibraryOf, face_id: int, long_edge: int) -> Response:
    """Show a face, of 112 or 320 pixels."""
    kept = await to_thread.run_sync(_or_reason, lambda: library.pictures.kept_face(face_id, long_edge))
    if kept is not None:
        return _shown(kept)
    return await _read(request, lambda: library.pictures.face(face_id, long_edge))


@router.api_route("/photos/{photo_id}/{long_edge}", methods=["GET", "HEAD"])
async def photo(request: Request, library: LibraryOf, photo_id: int, long_edge: int) -> Response:
    """Show a photo, or the first frame of a film, of 640, 1280 or 2560 pixels."""
    return await _read(request, lambda: library.pictures.photo(photo_id, long_edge))


@router.api_route("/films/{photo_id}/at/{seconds}", methods=["GET", "HEAD"])
async def frame(request: Request, library: LibraryOf, photo_id: int, seconds: float) -> Response:
    """Show the frame of a film at a moment."""
    return await _read(request, lambda: library.pictures.frame(photo_id, seconds))


@router.api_route("/films/{photo_id}", methods=["GET", "HEAD"])
def film(request: Request, library: LibraryOf, photo_id: int) -> Response:
    """Send a film, or a part of it."""
    try:
        return FilmResponse(library.pictures.open_film(photo_id), request.headers)
    except PictureUnavailable as error:
        return PlainTextResponse(f"{error}\n", HTTPStatus.NOT_FOUND)


async def _read(request: Request, work: Callable[[], Picture]) -> Response:
    """Make a picture in a turn, for a client who still waits for it then."""
    await request.body()  # only then can be seen that the client has gone
    async with _turns:
        if await request.is_disconnected():
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return _shown(await to_thread.run_sync(_or_reason, work, limiter=_threads))


def _or_reason(work: Callable[[], Picture | None]) -> Picture | PictureUnavailable | None:
    try:
        return work()
    except PictureUnavailable as error:
        return error


def _shown(found: Picture | PictureUnavailable | None) -> Response:
    if isinstance(found, Picture):
        return Response(found.content, media_type=found.media_type)
    reason = "there is no picture" if found is None else found.reason
    name = "" if found is None or found.path is None else os.fsdecode(os.path.basename(found.path))
    lines = [*wrap(name, _LINE)[:2], *wrap(reason, _LINE)][:_MOST_LINES]
    text = templates().get_template("media/missing.svg").render(lines=lines)
    return Response(text, HTTPStatus.NOT_FOUND, media_type="image/svg+xml")
