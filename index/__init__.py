"""The database of a library, and the FAISS index beside it.

Only this package uses SQLAlchemy and FAISS. Everything that reads or writes a library may raise a
``LibraryError``: the library cannot be read or written, or its content is damaged. Docstrings name only
further errors.
"""
