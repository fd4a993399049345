"""faceindex against what a user would run instead, on the same photos."""
