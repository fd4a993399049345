"""The page of a cluster without a name."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import LibraryOf, page

router = APIRouter()


@router.get("/clusters/{number}")
def cluster(request: Request, library: LibraryOf, number: int) -> HTMLResponse:
    """Show the faces of a cluster."""
    return page(request, "clusters/cluster.html", number=number, faces=library.people.faces(cluster=number))
