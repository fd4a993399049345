"""How long a library takes to cluster; ``python -m benchmarks.clustering`` prints it."""
