"""The reference of the REST API: a page made from its OpenAPI document, and the document itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from faceindex.web.context import page

router = APIRouter(include_in_schema=False)

_REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of an object: ``kind`` is its type in words."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A route; ``body`` and ``answer`` are types in words."""

    method: str
    path: str
    summary: str
    parameters: tuple[Field, ...]
    body: str | None
    answer: str | None

    @property
    def anchor(self) -> str:
        """The address of the operation within the page."""
        return f"{self.method}{self.path}".lower().replace("/", "-").replace("{", "").replace("}", "")


@dataclass(frozen=True, slots=True)
class Object:
    """A kind of object in requests or answers."""

    name: str
    description: str
    fields: tuple[Field, ...]


@router.get("/api")
def reference(request: Request) -> HTMLResponse:
    """Show all operations, and the objects that they take and return."""
    document = request.app.openapi()
    objects = document.get("components", {}).get("schemas", {})
    return page(
        request,
        "api/reference.html",
        operations=by_subject(document),
        objects=tuple(objects_in(objects)),
        types=frozenset(objects),
    )


@router.get("/api/openapi.json")
def openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI document."""
    return JSONResponse(request.app.openapi())


def by_subject(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """Return the operations of a document, by their first tag."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, each in methods.items():
            found.setdefault(each["tags"][0], []).append(_operation(method, path, each))
    return found


def objects_in(schemas: Mapping[str, Any]) -> Iterator[Object]:
    """Yield the objects of a document, by name."""
    for name, schema in sorted(schemas.items()):
        required = schema.get("required", ())
        yield Object(
            name,
            schema.get("description", ""),
            tuple(
                Field(field, kind_of(each), field in required, each.get("description", ""))
                for field, each in schema.get("properties", {}).items()
            ),
        )


def kind_of(schema: Mapping[str, Any]) -> str:
    """Say in words what a JSON schema allows, as ``list of integer`` or ``string or null``."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(map(kind_of, schema[several])))
    if "const" in schema:
        return f'"{schema["const"]}"'
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))


def _operation(method: str, path: str, described: Mapping[str, Any]) -> Operation:
    return Operation(
        method.upper(),
        path,
        described.get("description") or described.get("summary", ""),
        tuple(
            Field(each["name"], kind_of(each["schema"]), each.get("required", False), _description(each))
            for each in described.get("parameters", ())
        ),
        _content(described.get("requestBody", {})),
        _content(described["responses"].get("200", {})),
    )


def _description(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("description") or parameter["schema"].get("description", ""))


def _content(message: Mapping[str, Any]) -> str | None:
    """Return the type of a body in words; the media type where that is no JSON."""
    for media, each in message.get("content", {}).items():
        return kind_of(each["schema"]) if media.endswith("json") and each.get("schema") else str(media)
    return None
