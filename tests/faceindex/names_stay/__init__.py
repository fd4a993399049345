"""Random sequences of what happens to files and of what people decide: no name may be lost."""
