"""How fast and how exact a search index is; ``python -m benchmarks.search`` prints it."""
