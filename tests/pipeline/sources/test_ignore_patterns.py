import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.sources.ignore_patterns import parse_pattern

PIECES = ["a", "b", "*", "**", "/", "?", "[ab]", "[!a]", "[^b]", "[a-b]", "\\", "!", "#", " ", "-", "]", "["]
PIECES += ["**/", "/**", "[]a]", "[a", "[[:alpha:]]", "[b-a]", "[\\]a]", "^", "[!]", "[a-", "[[:x:]]", "."]


def matches(pattern: str, path: str, *, is_folder: bool = False) -> bool:
    parsed = parse_pattern(pattern)
    return parsed is not None and parsed.matches(path, is_folder)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("raw", ["raw", "a/b/raw"], ["raw2", "raw/a.jpg"]),
        ("/raw", ["raw"], ["a/raw"]),
        ("a/raw", ["a/raw"], ["raw", "b/a/raw"]),
        ("*.jpg", ["a.jpg", "a/.jpg", "a/b.c.jpg"], ["a.jpg.png", "a.jpg/b"]),
        ("**/raw", ["raw", "a/b/raw"], ["a/raw2"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb", "a/b/x"]),
        ("a**b", ["ab", "axxb"], ["a/b"]),
        ("IMG_????.[jJ][pP][gG]", ["IMG_1234.jpg", "x/IMG_éééé.JPG"], ["IMG_123.jpg", "IMG_12/4.jpg"]),
        ("[!0-9]*", ["a1"], ["1a"]),
        ("[]-]", ["]", "-"], ["a"]),
        ("[[:digit:]_]*", ["1", "_"], ["a"]),
        (r"\#a", ["#a"], ["a"]),
        (r"\!a", ["!a"], ["a"]),
        ("a  ", ["a"], ["a  "]),
        ("a\\ ", ["a "], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
        ("a*\n", ["a\n"], ["a"]),
    ],
)
def test_what_a_pattern_means(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [path for path in yes if not matches(pattern, path)] == []
    assert [path for path in no if matches(pattern, path)] == []


@pytest.mark.parametrize("line", ["", "  ", "# a", "!", "/", "a\\", "[a", "[[:nonsense:]]", "[a-"])
def test_lines_that_hold_no_pattern(line: str) -> None:
    assert parse_pattern(line) is None


def test_for_folders_only_and_taken_back() -> None:
    pattern = parse_pattern("!raw/")
    assert pattern is not None
    assert not pattern.excludes
    assert pattern.matches("a/raw", is_folder=True)
    assert not pattern.matches("a/raw", is_folder=False)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 40 + "*b", "a" * 255),
        ("*?a" * 40 + "*b", "a" * 255),
        ("**/a/" * 40 + "b", "/".join("a" * 2000)),
        ("**/*a*/" * 40 + "b", "/".join(["a" * 50] * 80)),
        ("[a-z]*" * 80 + "0", "a" * 255),
    ],
)
def test_no_pattern_takes_long(pattern: str, path: str) -> None:
    """The first kept a regular expression busy for longer than anybody would wait."""
    started = time.process_time()
    assert not matches(pattern, path)
    assert time.process_time() - started < 1


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
def test_patterns_of_any_kind_mean_what_they_mean_to_git(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    for _ in range(150):
        pattern = "".join(chance.choices(PIECES, k=chance.randint(1, 6))).lstrip("!")
        paths = sorted({some_path(chance) for _ in range(30)})
        (tmp_path / ".gitignore").write_text(pattern + "\n")
        listed = subprocess.run(
            ["git", "check-ignore", "-z", "--stdin", "--no-index"],
            cwd=tmp_path,
            input="\0".join(paths),
            capture_output=True,
            text=True,
            check=False,  # 1 says that none is ignored
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
        )
        theirs = [path for path in listed.stdout.split("\0") if path]
        assert [path for path in paths if is_ignored(pattern, path)] == theirs, pattern


def some_path(chance: random.Random) -> str:
    names = ("".join(chance.choices("aab]-! #\\^[", k=chance.randint(1, 3))) for _ in range(4))
    return "/".join(list(names)[: chance.randint(1, 4)])


def is_ignored(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path or a folder above it."""
    above = [path[:at] for at, sign in enumerate(path) if sign == "/"]
    return any(matches(pattern, folder, is_folder=True) for folder in above) or matches(pattern, path)
