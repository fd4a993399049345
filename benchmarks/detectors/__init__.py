"""How well detectors find faces; ``python -m benchmarks.detectors`` prints it."""
