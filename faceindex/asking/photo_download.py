"""Fetches one photo that a user named by its URL, within bounds of size, time and redirects.

This module must not judge the content: whoever reads the file does.
"""

from contextlib import closing
from typing import IO

import requests

from pipeline.models.download import DownloadFailed, answer_within

MOST_SECONDS = 60.0
"""From the name lookup to the last byte."""

_MOST_REDIRECTS = 5
_SILENCE_SECONDS = 15.0
"""Longest wait for the connection, and for each next part of the answer."""

_CHUNK = 1 << 16

_HEADERS = {"User-Agent": "faceindex", "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}
"""Many servers refuse a library's own name, and all may send a photo as it is."""


def fetch_photo(url: str, file: IO[bytes], most_bytes: int, seconds: float = MOST_SECONDS) -> None:
    """Write what a URL of HTTP or HTTPS gives to a file, in ``seconds`` at most.

    Raises:
        DownloadFailed: The server cannot be reached, refuses, redirects too often, is too slow, or offers
            more than ``most_bytes``; the message is part of a sentence.
        OSError: The file cannot be written.
    """
    answer_within(seconds, lambda: _receive(url, file, most_bytes))


def _receive(url: str, file: IO[bytes], most_bytes: int) -> None:
    with requests.Session() as session:
        session.max_redirects = _MOST_REDIRECTS
        timeouts = (_SILENCE_SECONDS, _SILENCE_SECONDS)
        with closing(session.get(url, headers=_HEADERS, stream=True, timeout=timeouts)) as response:
            if response.status_code != requests.codes.ok:
                raise DownloadFailed(f"the server answered {response.status_code} {response.reason}".rstrip())
            done = 0
            for chunk in response.iter_content(_CHUNK):
                done += len(chunk)
                if done > most_bytes:
                    raise DownloadFailed(f"it has more than {most_bytes / 1e6:,.0f} MB")
                file.write(chunk)
            length = response.headers.get("Content-Length", "")
            if length.isdigit() and done < int(length):
                raise DownloadFailed(f"the connection broke after {done} of {length} bytes")
    file.flush()
