"""The journal of what people decided about faces, and what all decisions come to."""
