"""Who may use the pages: whoever has the token, or knows the passphrase of a server that others can reach.

This module knows no request and no page; ``faceindex.web.guard`` asks it.
"""

import hashlib
import hmac
import ipaddress
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Self

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this machine that no other machine can have."""

TRIES, TRY_SECONDS = 10, 60.0
"""So many wrong passphrases within so many seconds, and no more are compared."""


class Passphrase:
    """A passphrase, kept as a slow digest, and the times of wrong tries of it.

    The digest is scrypt with the parameters of RFC 7914, section 2, for interactive logins (N = 2**14).
    """

    def __init__(self, text: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._salt = secrets.token_bytes(16)
        self._digest = self._digested(text)
        self._clock = clock
        self._wrong: deque[float] = deque()
        self._comparing = Lock()  # one at a time: each takes 16 MB

    def seconds_to_wait(self) -> float:
        """Return for how long no further try is taken; 0.0 if one is taken now."""
        now = self._clock()
        while self._wrong and self._wrong[0] <= now - TRY_SECONDS:
            self._wrong.popleft()
        return self._wrong[0] + TRY_SECONDS - now if len(self._wrong) >= TRIES else 0.0

    def is_right(self, text: str) -> bool:
        """Compare a passphrase, which takes about 50 ms; after too many wrong tries, none is right."""
        with self._comparing:
            if self.seconds_to_wait():
                return False
            right = hmac.compare_digest(self._digested(text), self._digest)
            if not right:
                self._wrong.append(self._clock())
            return right

    def _digested(self, text: str) -> bytes:
        return hashlib.scrypt(text.encode("utf-8", "surrogateescape"), salt=self._salt, n=2**14, r=8, p=1)


@dataclass(frozen=True, slots=True)
class Access:
    """What opens the pages of one server.

    Attributes:
        token: Is in the printed address, and becomes the cookie.
        port: Where the server listens; cookies of one machine are shared by all its ports.
        names: Lower-case names of this machine, which a browser may call it by; a page that another name
            leads here (DNS rebinding) is not ours.
        any_address: Whether each numeric address is one of these names: no DNS leads a number here.
        passphrase: Opens the pages from other machines.
    """

    token: str
    port: int
    names: frozenset[str] = LOCAL_NAMES
    any_address: bool = False
    passphrase: Passphrase | None = None

    @classmethod
    def here(cls, port: int) -> Self:
        """Make the access to a server that only this machine can reach."""
        return cls(secrets.token_urlsafe(24), port)

    @classmethod
    def anywhere(cls, port: int, passphrase: str) -> Self:
        """Make the access to a server that other machines can reach."""
        own = socket.gethostname().lower()
        first = own.split(".")[0]  # of which mDNS and home routers make names
        names = LOCAL_NAMES | {own, first, f"{first}.local"}
        token = secrets.token_urlsafe(24)
        return cls(token, port, names, any_address=True, passphrase=Passphrase(passphrase))

    @property
    def cookie(self) -> str:
        """The name of the cookie."""
        return f"faceindex-{self.port}"

    def is_token(self, text: str | None) -> bool:
        """Compare a token, in a time that does not depend on where it differs."""
        return text is not None and hmac.compare_digest(text.encode("utf-8", "replace"), self.token.encode())

    def is_own_host(self, host: str) -> bool:
        """Tell whether a ``Host`` header, a name or address with or without a port, means this server.

        The port may be another one, as in a tunnel.
        """
        name, colon, port = host.rpartition(":")
        if not colon or "]" in port:
            name, port = host, ""
        if port and not (port.isascii() and port.isdigit()):
            return False
        name = name.lower().removesuffix(".")
        if name.startswith("[") and name.endswith("]"):
            name = name[1:-1]
        return name in self.names or (self.any_address and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
