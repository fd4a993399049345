"""Facts and vectors: what the library knows, in SQLite, and the FAISS index beside it.

SQLAlchemy and FAISS live here and nowhere else. Of the pipeline this package knows only the values.
"""
