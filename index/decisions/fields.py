"""Converts decisions to and from plain fields: the columns of a row, or the JSON object of a line."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from index.decisions.model import Act

_FIELDS = ("kind", "person", "other", "name", "target", "date")

_T = TypeVar("_T")


def fields_of(act: Act) -> dict[str, str | None]:
    """Return the fields of an act without its faces and photos; ``None`` where its kind lacks a field."""
    return {name: getattr(act, name, None) for name in _FIELDS}


def act_of(fields: Mapping[str, Any]) -> Act:
    """Make the act that fields describe, by name; fields that its kind lacks are ignored.

    ``None`` means absent. Faces are ``FaceKey``, or objects as in JSON, and digests hexadecimal. Raises a
    ``ValueError``, which says why, if the fields describe no act.
    """
    return validated(_acts(), {name: value for name, value in fields.items() if value is not None})


def validated(adapter: TypeAdapter[_T], fields: Mapping[str, Any]) -> _T:
    """Return the value of the adapter's type that fields describe.

    Raises a ``ValueError``, which names the first wrong field, if they do not fit the type.
    """
    try:
        return adapter.validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(_reason(first, fields)) from error


@cache
def _acts() -> TypeAdapter[Act]:
    union: Any = Annotated[Act, Field(discriminator="kind")]
    return TypeAdapter(union)


def _reason(error: ErrorDetails, fields: Mapping[str, Any]) -> str:
    kind = fields.get("kind")
    field = ".".join(str(each) for each in error["loc"] if each != kind)
    match error["type"]:
        case "union_tag_not_found":
            return "it has no kind"
        case "union_tag_invalid":
            return f"unknown kind of decision {str(kind)[:40]!r}"
        case "missing" | "too_short":
            return f"it has no {field}"
        case "value_error":
            return f"{field}: {error['ctx']['error']}"
        case _:
            return f"{field}: {error['msg']}"
