"""SQLite's SQL for the elements of ``index.store.statements``; importing this module registers it."""

from typing import Any

from sqlalchemy import Boolean, Float, Integer, LargeBinary, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from index.store.statements import HasDeclaredType, LastId, Listed

_TYPES = (
    (Boolean, "'integer'"),
    (Integer, "'integer'"),
    (Float, "'real', 'integer'"),
    (Text, "'text'"),
    (LargeBinary, "'blob'"),
)
"""What SQLite's typeof returns for values (https://www.sqlite.org/datatype3.html, section 2)."""


@compiles(Listed, "sqlite")
def _listed(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(HasDeclaredType, "sqlite")
def _has_declared_type(element: HasDeclaredType, compiler: SQLCompiler, **options: Any) -> str:
    (column,) = element.clauses
    types = next(types for kind, types in _TYPES if isinstance(column.type, kind))
    return f"typeof({compiler.process(column, **options)}) IN ({types})"


@compiles(LastId, "sqlite")
def _last_id(element: LastId, compiler: SQLCompiler, **options: Any) -> str:
    name = compiler.process(element.clauses, **options)
    return f"(SELECT seq FROM sqlite_sequence WHERE name = {name})"  # noqa: S608 -- a parameter
