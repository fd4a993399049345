"""Which names are ours, and how often a passphrase may be tried."""

import pytest

from faceindex.web.access import TRIES, TRY_SECONDS, Access, Passphrase

OURS = ["127.0.0.1:8420", "localhost:8420", "LOCALHOST", "[::1]:8420", "[::1]", "localhost:9000", "127.0.0.1"]
NOT_OURS = [
    "", "evil.example", "evil.example:8420", "127.0.0.1.evil.example", "localhost.evil.example:8420",
    "127.0.0.1:8420@evil.example", "evil.example#127.0.0.1", "0.0.0.0:8420", "192.168.1.20:8420",
    "127.0.0.1:x", "127.0.0.1:8420, evil.example", "[::1", "user@localhost", "localhost/evil",
]  # fmt: skip


@pytest.mark.parametrize("host", OURS)
def test_this_machine_is_known_by_its_local_names_at_any_port_of_a_tunnel(host: str) -> None:
    assert Access.here(8420).is_own_host(host)


@pytest.mark.parametrize("host", NOT_OURS)
def test_no_other_name_is_ours(host: str) -> None:
    assert not Access.here(8420).is_own_host(host)


def test_a_server_for_others_is_known_by_addresses_and_the_name_of_its_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Attic.home.arpa")
    access = Access.anywhere(8420, "open sesame")
    for host in (
        "192.168.1.20:8420",
        "[fe80::1]:8420",
        "attic",
        "ATTIC.local:8420",
        "attic.home.arpa",
        "localhost",
    ):
        assert access.is_own_host(host), host
    for host in ("evil.example:8420", "attic.evil.example", "192.168.1.20.evil.example", "1.2.3"):
        assert not access.is_own_host(host), host


def test_each_server_has_a_token_of_its_own_that_cannot_be_guessed() -> None:
    tokens = {Access.here(8420).token for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 32
    access = Access.here(8420)
    assert access.is_token(access.token)
    for wrong in (None, "", access.token[:-1], access.token + "x", "ü", "\udc80"):
        assert not access.is_token(wrong)


def test_wrong_passphrases_are_counted_and_the_right_one_must_wait_too() -> None:
    now = [0.0]
    passphrase = Passphrase("öpen sesame", clock=lambda: now[0])
    assert passphrase.is_right("öpen sesame")
    for number in range(TRIES):
        now[0] = number
        assert not passphrase.seconds_to_wait()
        assert not passphrase.is_right(f"wrong {number}")
    assert passphrase.seconds_to_wait() == TRY_SECONDS - (TRIES - 1)
    assert not passphrase.is_right("öpen sesame")
    now[0] = TRY_SECONDS
    assert passphrase.is_right("öpen sesame")
