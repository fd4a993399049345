"""The page of a photo or film."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import page

router = APIRouter()


@router.get("/photos/{photo_id}")
def photo(request: Request, photo_id: int) -> HTMLResponse:
    """Show a photo with its faces."""
    return page(request, "photos/photo.html", photo_id=photo_id)
