"""Questions to a library: who is in a photo and why, one person or two, which photos show whom."""
