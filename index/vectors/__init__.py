"""Which descriptors are nearest to a probe: FAISS indexes, which are caches of the database."""
