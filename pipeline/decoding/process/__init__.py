"""The processes that decode: messages, their loop, and how they are run."""
