"""Alembic's revisions of a library's schema. Nothing of ours is imported here."""
