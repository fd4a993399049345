"""Times the page in a real browser, by the browser's own clock; ``python -m benchmarks.page LIBRARY``."""
