"""Takes rights away from the commands of a command line, for real, also where root runs the tests."""

import shutil
import subprocess
from pathlib import Path

import pytest


def mounted_read_only(*places: Path) -> tuple[str, ...]:
    """Runs a command where these places are read-only mounts."""
    bind = "mount --bind {0} {0} && mount -o remount,bind,ro {0} && "
    return _mounting("".join(bind.format(each) for each in places))


def _mounting(mounts: str) -> tuple[str, ...]:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    wrapper = ("unshare", "-rm", "sh", "-c", f'{mounts}exec "$@"', "sh")
    tried = subprocess.run([*wrapper, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"nothing may be mounted here: {tried.stderr.strip()}")
    return wrapper


def mounted_twice(folder: Path, place: Path) -> tuple[str, ...]:
    """Runs a command where a folder is mounted at another place too."""
    return _mounting(f"mount --bind {folder} {place} && ")


def without_privileges() -> tuple[str, ...]:
    """Runs a command to which permissions apply, also where the tests are run by root."""
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    wrapper = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    tried = subprocess.run([*wrapper, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no privilege can be given up here: {tried.stderr.strip()}")
    return wrapper
