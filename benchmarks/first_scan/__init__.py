"""What a first scan on slow storage costs; ``python -m benchmarks.first_scan`` prints it."""
