"""Who is in a picture, by the REST API. Nothing of the picture is kept."""

from http import HTTPStatus

from fastapi import APIRouter, Response, UploadFile

from faceindex.schemas.answers import ExplanationSchema
from faceindex.web.api.answers import several
from faceindex.web.context import LibraryOf
from faceindex.web.errors import failed
from pipeline.values import PhotoFailed

router = APIRouter(tags=["ask"])


@router.post(
    "/ask",
    response_model=list[ExplanationSchema],
    responses={422: {"description": "The picture cannot be read; `detail` says why in one line."}},
)
def ask(library: LibraryOf, picture: UploadFile) -> Response:
    """Say who each face of a picture is, and why; ``photo`` in the answer has no meaning."""
    found = library.ask(picture.file)
    if isinstance(found, PhotoFailed):
        return failed(HTTPStatus.UNPROCESSABLE_ENTITY, found.message)
    return several(map(ExplanationSchema.of, found))
