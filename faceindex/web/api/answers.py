"""What the routes of the REST API answer with: models of ``faceindex.schemas`` as JSON in ASCII.

A path that is not UTF-8 has lone surrogates, which only escapes can carry.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response, StreamingResponse

from faceindex.schemas.base import Schema

JSON = "application/json"

After = Annotated[str | None, Query(description="`next` of the page before.")]
Most = Annotated[int, Query(ge=1, le=1000, description="Items of a page.")]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The request is wrong; `detail` says how in one line."},
    404: {"description": "There is no such person, face, cluster or photo; or no library."},
    423: {"description": "Another process is changing the library."},
}
"""The errors that every route may answer with, for the OpenAPI document."""


def one(value: Schema) -> Response:
    """Answer with one object."""
    return Response(value.json_line(), media_type=JSON)


def several(values: Iterable[Schema]) -> Response:
    """Answer with a list."""
    return Response(f"[{','.join(each.json_line() for each in values)}]", media_type=JSON)


def lines(values: Iterable[Schema]) -> Response:
    """Answer with an object a line, each sent when it is known."""
    text = (f"{each.json_line()}\n" for each in values)
    return StreamingResponse(text, media_type="application/jsonl")
