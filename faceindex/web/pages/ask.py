"""The page that answers who is in a picture."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import page

router = APIRouter()


@router.get("/ask")
def ask(request: Request) -> HTMLResponse:
    """Ask who is in a picture."""
    return page(request, "ask/ask.html")
