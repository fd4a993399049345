"""Keeps two libraries' warnings about the user's own files out of the user's sight.

Pillow warns about every odd EXIF block, pathspec about odd patterns. The pipeline deals with such files
itself and reports what matters, so the warnings tell nobody anything.
"""

import logging
import re
import threading
import warnings

_FILTERS = (
    ("ignore", None, UserWarning, re.compile(r"PIL\."), 0),
    ("ignore", None, FutureWarning, re.compile(r"pathspec\."), 0),
)

# Pillow logs some errors as well as raising them. This keeps them from standard error where a program has
# set up no logging, and changes nothing where it has.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_lock = threading.Lock()


def hush_libraries() -> None:
    """Ignores the warnings of Pillow and pathspec; call it before each use of them.

    The filters are put in front of all others unless they stand there, since what stands in front wins,
    over ``python -W error`` too. That costs a microsecond. They are never taken away again: Python 3.11
    has no filters for one thread, and to change and restore them around each call, as
    ``warnings.catch_warnings`` does, would mix up the threads that decode side by side.
    """
    with _lock:
        if tuple(warnings.filters[: len(_FILTERS)]) != _FILTERS:
            for _, _, category, module, _ in reversed(_FILTERS):
                warnings.filterwarnings("ignore", category=category, module=module.pattern)
