"""FAISS indexes that find the descriptors nearest to a probe; caches of the database."""
