"""Keeps TensorFlow quiet while it is loaded: it reports on itself, and on GPUs that are not there."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Keep TensorFlow from writing to standard error; it does so from C++, before it can be told not to.

    What other threads write there meanwhile is lost, so this is for loading, before work begins.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
