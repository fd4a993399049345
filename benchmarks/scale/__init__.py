"""How long each command takes on a large library; ``python -m benchmarks.scale FILE`` prints it."""
