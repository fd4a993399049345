"""Finds, fetches and verifies the weights of the models; never returns unverified files.

Weights inside a Python package must match a known digest. Downloaded weights have no published digest: the
first file of the right size and layout is trusted, its digest is recorded beside it, and every later load and
download must match. This module must not know how a network is built or run.
"""

import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ModelError, WeightsInvalid, WeightsMissing
from pipeline.models.celebrity_names import read_names
from pipeline.models.keras_weights import check_layout
from pipeline.models.packaged_weights import locate_packaged, packaged_file
from pipeline.models.registry import (
    CELEBRITY_NAMES,
    SFACE,
    VGGFACE2_RESNET50,
    DownloadedWeights,
    Fetchable,
    ModelSpec,
    PackagedWeights,
    spec,
)
from pipeline.models.runtime import file_sha256, move_durably
from pipeline.models.vggface import NETWORKS

if TYPE_CHECKING:
    from pipeline.models.download import Progress

CONNECT_SECONDS = 5.0
"""How long a first run without a connection waits before it takes the model that needs no download."""


class Availability(StrEnum):
    """Whether a model can be used now."""

    BUNDLED = "bundled"
    INSTALLED = "installed"
    NOT_INSTALLED = "not installed"
    EXTRA_NEEDED = "extra needed"


@dataclass(frozen=True, slots=True)
class VerifiedWeights:
    """A weights file that was just verified, and its SHA-256 in hexadecimal digits."""

    path: Path
    sha256: str


class WeightsStore:
    """The weights on this machine: in installed packages, and downloaded into ``cache_dir / "weights"``.

    A server must answer within ``connect_seconds``. Methods raise WeightsMissing if weights are not on this
    machine (and cannot be fetched), and WeightsInvalid if they are not what they should be.
    """

    def __init__(self, cache_dir: Path, *, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._folder = cache_dir / "weights"
        self._connect_seconds = connect_seconds

    def status(self, model: Fetchable) -> Availability:
        """Return whether the weights of ``model`` exist, without reading them."""
        source = model.weights
        if isinstance(source, DownloadedWeights):
            there = (self._folder / source.file_name).is_file()
            return Availability.INSTALLED if there else Availability.NOT_INSTALLED
        if packaged_file(source) is not None:
            return Availability.BUNDLED if source.extra is None else Availability.INSTALLED
        return Availability.NOT_INSTALLED if source.extra is None else Availability.EXTRA_NEEDED

    def locate(self, model: Fetchable) -> VerifiedWeights:
        """Return the weights of ``model``, verified now."""
        if isinstance(model.weights, PackagedWeights):
            return VerifiedWeights(locate_packaged(model.model_id, model.weights), model.weights.sha256)
        return self._locate_downloaded(model, model.weights)

    def fetch(self, model: Fetchable, progress: "Progress") -> VerifiedWeights:
        """Return the weights of ``model``, downloaded in one try if missing or wrong.

        The next call resumes a download that broke off. An invalid file is removed.
        """
        try:
            return self.locate(model)
        except (WeightsMissing, WeightsInvalid):
            if isinstance(model.weights, PackagedWeights):
                raise
            return self._download(model, model.weights, progress)

    def install(self, model: Fetchable, file: Path) -> VerifiedWeights:
        """Copy the weights of ``model`` from ``file``, for an offline machine.

        Raises:
            ModelError: The weights of this model come in a package.
            OSError: ``file`` cannot be read.
        """
        source = model.weights
        if isinstance(source, PackagedWeights):
            raise ModelError(f"The weights of {model.model_id} come in the package {source.package}.")
        self._verify_new(model, source, file)
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            copy = Path(shutil.copyfile(file, Path(folder) / source.file_name))
            return self._adopt(source, copy)

    def _locate_downloaded(self, model: Fetchable, source: DownloadedWeights) -> VerifiedWeights:
        path, fetch = self._folder / source.file_name, f"`faceindex models fetch {model.model_id}`"
        if not path.is_file():
            raise WeightsMissing(f"{_called(model)} are not on this machine ({path}); run {fetch}.")
        recorded = self._recorded(source)
        if recorded is None:
            raise WeightsInvalid(f"{path} was never verified; run {fetch} --from with a copy of it.")
        digest = file_sha256(path)
        if digest != recorded:
            raise WeightsInvalid(
                f"{path} has changed since it was verified: its SHA-256 is {digest}, not {recorded}. "
                f"Delete it and run {fetch}."
            )
        return VerifiedWeights(path, digest)

    def _download(self, model: Fetchable, source: DownloadedWeights, progress: "Progress") -> VerifiedWeights:
        from pipeline.models import download  # brings requests, for the one run that needs it

        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f"{source.file_name}.part"
        try:
            with download.downloaded(source, self._connect_seconds, partial, progress):
                self._verify_new(model, source, partial)
                return self._adopt(source, partial)
        except download.DownloadFailed as error:
            raise WeightsMissing(
                f"{_called(model)} could not be fetched from {source.url}: {error}."
            ) from error
        except WeightsInvalid as error:
            raise WeightsInvalid(f"{error} It came from {source.url} and was removed.") from error

    def _verify_new(self, model: Fetchable, source: DownloadedWeights, file: Path) -> None:
        """Check layout and recorded digest; not the size, which depends on the version of Keras."""
        if model.model_id == CELEBRITY_NAMES.model_id:
            read_names(file)
        else:
            check_layout(file, NETWORKS[model.model_id].layout)
        recorded = self._recorded(source)
        if recorded is not None and file_sha256(file) != recorded:
            raise WeightsInvalid(
                f"{file} is not the {source.file_name} that was here before. "
                f"If you trust it, delete {self._record(source)} and try again."
            )

    def _adopt(self, source: DownloadedWeights, file: Path) -> VerifiedWeights:
        """Move a verified file into place, after its digest: a file without one is never trusted."""
        digest = file_sha256(file)
        record = file.with_name(f"{source.file_name}.sha256.new")
        record.write_text(f"{digest}  {source.file_name}\n")
        move_durably(record, self._record(source))
        move_durably(file, self._folder / source.file_name)
        return VerifiedWeights(self._folder / source.file_name, digest)

    def _record(self, source: DownloadedWeights) -> Path:
        return self._folder / f"{source.file_name}.sha256"

    def _recorded(self, source: DownloadedWeights) -> str | None:
        try:
            return self._record(source).read_text().partition(" ")[0]
        except FileNotFoundError:
            return None


def _called(model: Fetchable) -> str:
    if model.model_id == CELEBRITY_NAMES.model_id:
        return "The names of the celebrities"
    return f"The weights of {model.model_id}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The model of a new library, and the reason for the user, in one or two sentences."""

    model: ModelSpec
    reason: str


def choose(
    name: str, store: WeightsStore, progress: "Progress", best: ModelSpec = VGGFACE2_RESNET50
) -> Choice:
    """Return the model called ``name`` (or raise UnknownModel).

    For ``auto``, return ``best`` if its weights can be fetched now, else ``sface``.
    """
    if name != "auto":
        return Choice(spec(name), f"{name} was asked for.")
    if store.status(best) is Availability.INSTALLED:
        return Choice(best, f"{best.model_id}, because its weights are on this machine.")
    try:
        store.fetch(best, progress)
    except (WeightsMissing, WeightsInvalid) as error:
        reason = (
            f"{SFACE.model_id} ({SFACE.dimension}-d), because {best.model_id} ({best.dimension}-d) is not "
            f"available now. {error} To use {best.model_id} later, run "
            f"`faceindex models fetch {best.model_id}` and scan into a new library."
        )
        return Choice(SFACE, reason)
    return Choice(best, f"{best.model_id}, whose weights were fetched just now.")
