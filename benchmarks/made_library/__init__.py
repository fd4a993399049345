"""Makes a whole library of made faces; ``python -m benchmarks.made_library FILE --faces N`` writes it."""
