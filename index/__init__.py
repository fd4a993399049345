"""The database of a library, and the FAISS index beside it; only this package uses SQLAlchemy and FAISS.

Everything that reads or writes a library may raise a ``LibraryError``: it is inaccessible or damaged.
Docstrings name only further errors.
"""
