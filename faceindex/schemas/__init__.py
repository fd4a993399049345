"""The JSON contract: a pydantic model for each result that a client reads. Fields are added, never renamed.

The command line writes these with ``--json`` and ``export``. Where a part of a result has exactly the fields
of the contract, its dataclass is the type of the field, and no model repeats it.
"""
