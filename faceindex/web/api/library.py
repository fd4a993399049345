"""The library as a whole by the REST API: figures, failed photos, all faces."""

from fastapi import APIRouter, Response

from faceindex.schemas.faces import FaceSchema
from faceindex.schemas.maintenance import StatisticsSchema
from faceindex.schemas.scanning import FailureSchema
from faceindex.web.api.answers import lines, one, several
from faceindex.web.context import LibraryOf

router = APIRouter(tags=["library"])


@router.get("/statistics", response_model=StatisticsSchema)
def statistics(library: LibraryOf) -> Response:
    """Count what the library holds."""
    return one(StatisticsSchema.of(library.statistics(), library=library.settings.library))


@router.get("/failures", response_model=list[FailureSchema])
def failures(library: LibraryOf) -> Response:
    """List the photos that cannot be read, folder by folder."""
    return several(map(FailureSchema.of, library.failures()))


@router.get("/faces", response_model=FaceSchema, response_description="An object a line, by id.")
def export(library: LibraryOf) -> Response:
    """Export all faces as JSON lines."""
    return lines(map(FaceSchema.of, library.faces()))
