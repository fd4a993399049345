"""Values in words: what the command line and the page say alike."""
