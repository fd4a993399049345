"""Keeps Pillow's warnings about the user's own files out of the user's sight.

Pillow warns about every odd EXIF block. The pipeline deals with such files itself and reports what matters,
so the warnings tell nobody anything.
"""

import logging
import re
import threading
import warnings

_FILTER = ("ignore", None, UserWarning, re.compile(r"PIL\."), 0)

# Pillow logs some errors as well as raising them. This keeps them from standard error where a program has
# set up no logging, and changes nothing where it has.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_lock = threading.Lock()


def silence_pillow_warnings() -> None:
    """Ignores the warnings of Pillow; call it before each use of it.

    The filter is put in front of all others unless it stands there, since what stands in front wins, over
    ``python -W error`` too. That costs a microsecond. It is never taken away again: Python 3.11 has no
    filters for one thread, and to change and restore them around each call, as
    ``warnings.catch_warnings`` does, would mix up threads that decode side by side.
    """
    with _lock:
        if not warnings.filters or warnings.filters[0] != _FILTER:
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
