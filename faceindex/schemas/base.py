"""The base of the models, and the types that fields share."""

import json
import os
from datetime import datetime
from operator import attrgetter, methodcaller
from typing import Annotated, Any, Self

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from faceindex.film_times import Seen, when_seen

PathText = Annotated[str, BeforeValidator(os.fsdecode)]
"""A path, with lone surrogates where it is not UTF-8 (PEP 383); ``os.fsencode`` gives its bytes."""

Digest = Annotated[str, BeforeValidator(bytes.hex)]
"""A BLAKE3 digest in hexadecimal digits."""

Box = Annotated[tuple[float, float, float, float], BeforeValidator(attrgetter("x", "y", "w", "h"))]
"""Left, top, width and height in pixels of the upright, full-size photo."""

Landmarks = Annotated[tuple[tuple[float, float], ...], BeforeValidator(methodcaller("tolist"))]
"""The five points of ``pipeline.values.DetectedFace``, (x, y) each."""

PersonName = Annotated[str | None, BeforeValidator(lambda person: getattr(person, "name", person) or None)]
"""The name of a person; null for nobody, and for a hidden person unless these were asked for."""

Moment = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str)]
"""ISO 8601, without an offset where none is known."""

InFilm = Annotated[Seen | None, BeforeValidator(when_seen), Field(exclude_if=lambda seen: seen is None)]
"""When a film shows a face, in seconds from its first picture; absent for a face of a photo."""

Seconds = Annotated[float, BeforeValidator(lambda seconds: round(seconds, 3))]


def at(path: str, default: Any = ...) -> Any:
    """Declare a field with the value of an attribute, as ``photo.size``; ``whole`` is the result itself."""
    return Field(default, validation_alias=AliasPath(*path.split(".")))


def named(*, probable: bool) -> BeforeValidator:
    """Take the person of an ``Identity`` that is ``probable``, or of one that is not; else nobody."""
    return BeforeValidator(
        lambda identity: identity.person if probable == (identity.certainty == "probable") else None
    )


def of_film(path: str) -> Any:
    """Declare a field with the value of an attribute, as ``at`` does; it is absent where this is ``None``."""
    return Field(None, validation_alias=AliasPath(*path.split(".")), exclude_if=lambda value: value is None)


def by(key: str, value: str | None = None) -> BeforeValidator:
    """Map an attribute of each value to another attribute, or to the value itself."""
    return BeforeValidator(
        lambda values: {getattr(each, key): getattr(each, value) if value else each for each in values}
    )


class _Extended:
    """A result with additional attributes."""

    def __init__(self, result: object, fields: dict[str, object]) -> None:
        self._result = result
        self.__dict__ |= {"whole": self, **fields}

    def __getattr__(self, name: str) -> object:
        return getattr(self._result, name)


class Schema(BaseModel):
    """A result as a client reads it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", from_attributes=True, json_schema_serialization_defaults_required=True
    )

    @classmethod
    def of(cls, result: Any, /, **fields: Any) -> Self:
        """Make a model of the attributes of a result and of ``fields``, which take precedence.

        Raises:
            pydantic.ValidationError: A field has no value, or one of another type.
        """
        return cls.model_validate(_Extended(result, fields))

    def json_line(self) -> str:
        """One line of JSON in ASCII, without its end: lone surrogates are escaped, as UTF-8 has none."""
        return json.dumps(self.model_dump())
