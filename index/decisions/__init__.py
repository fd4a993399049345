"""The journal of what people decided about faces, its replay, and the tables derived from it."""
