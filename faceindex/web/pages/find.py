"""The page that finds photos by who is in them."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import page

router = APIRouter()


@router.get("/find")
def find(request: Request) -> HTMLResponse:
    """Find photos by who is in them."""
    return page(request, "find/find.html")
