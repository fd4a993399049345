"""The page that answers who is in a picture. Nothing of the picture is kept."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, UploadFile
from fastapi.responses import HTMLResponse

from faceindex.web.context import LibraryOf, fragment, page
from faceindex.wording.identities import UNKNOWN, caption
from faceindex.wording.numbers import percent
from faceindex.wording.why import rule_in_words
from pipeline.values import PhotoFailed

router = APIRouter()


@router.get("/ask")
def ask(request: Request) -> HTMLResponse:
    """Ask for a picture."""
    return page(request, "ask/ask.html", asked=False)


@router.post("/ask")
def answer(request: Request, library: LibraryOf, picture: UploadFile) -> HTMLResponse:
    """Say who is in a picture: a part of the page, or without JavaScript the whole."""
    found = library.ask(picture.file)
    values: dict[str, Any] = {
        "asked": True,
        "failure": found.message if isinstance(found, PhotoFailed) else "",
        "faces": () if isinstance(found, PhotoFailed) else found,
        "caption": caption,
        "percent": percent,
        "why": rule_in_words,
        "unknown": UNKNOWN,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(found, PhotoFailed) else HTTPStatus.OK
    if request.headers.get("HX-Request") == "true":
        return fragment(request, "ask/answer.html", **values)
    return page(request, "ask/ask.html", status=status, **values)
