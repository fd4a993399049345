"""Facts and vectors: what the library knows, in SQLite, and the FAISS index beside it.

SQLAlchemy and FAISS live here and nowhere else. Of the pipeline this package knows only the values.

Whatever reads or writes a library may raise a ``LibraryError``: the library cannot be read or written, or its
content is damaged. Docstrings name the errors beyond that.
"""
