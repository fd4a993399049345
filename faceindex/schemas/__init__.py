"""The JSON contract: a pydantic model for each result that a client reads. Fields are added, never renamed.

The command line writes these with ``--json`` and ``export``. A part of a result that has exactly the fields
of the contract needs no model: its dataclass is the type of the field.
"""
