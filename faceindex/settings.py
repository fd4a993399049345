"""All settings, read from these sources: defaults < config.toml < environment < flags.

Nothing is read from the working directory. This module knows no command line; flags are arguments.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import platformdirs
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from faceindex.errors import BadRequest
from pipeline.detection.detector import DetectionOptions, DetectorName
from pipeline.platform_support import usable_cores

APP = "faceindex"

AUTO: Final = "auto"
"""Gives a new library the best model whose weights can be had, or the best detector."""


_Home: TypeAlias = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path that may begin with ~, which no shell expands in a config file."""

_DETECTION = DetectionOptions()

DETECTORS: tuple[str, ...] = get_args(DetectorName)
"""The names of all detectors."""


class Settings(BaseSettings):
    """All settings, frozen. The environment variable of each is ``FACEINDEX_`` and its name.

    Attributes:
        library: The library's SQLite file; the index and the lock are beside it.
        cache_dir: Compiled networks and downloaded weights.
        model: Descriptor model of a new library, or ``auto``.
        device: ``gpu`` has OpenVINO run the networks on a GPU, or TensorFlow the descriptor model.
        precision: Arithmetic; ``auto`` is bf16 where the processor multiplies it natively, and
            8 bits in the descriptor models that have them and processors made for them.
        workers: Photos in work at once; 0 means one for each core.
        detector: What finds the faces of a new library; ``auto`` is the best one.
        long_edge: Photos are shrunk to this many pixels along the long edge before faces are sought.
        smallest_face: Side of the smallest face sought, pixels of the shrunk photo; ``None`` leaves it to the
            detector.
        max_megapixels: Photos above this fail unread.
        keep_missing_days: ``reindex`` deletes a photo and its faces this long after it was found missing.
    """

    model_config = SettingsConfigDict(
        env_prefix="FACEINDEX_",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
    )

    library: _Home = Field(default_factory=lambda: Path(platformdirs.user_data_dir(APP)) / "library.db")
    cache_dir: _Home = Field(default_factory=lambda: Path(platformdirs.user_cache_dir(APP)))
    model: str = AUTO
    runtime: Literal["openvino", "tensorflow"] = "openvino"
    device: Literal["cpu", "gpu"] = "cpu"
    precision: Literal["auto", "f32", "bf16"] = "auto"
    workers: int = Field(0, ge=0, le=256)
    detector: Literal["auto", DetectorName] = AUTO
    long_edge: int = Field(_DETECTION.long_edge, ge=64, le=20_000)
    smallest_face: float | None = Field(_DETECTION.smallest_face, ge=12)
    max_megapixels: float = Field(400.0, gt=0)
    keep_missing_days: float = Field(30.0, ge=0, le=36_500)

    @classmethod
    def load(cls, config: Path | None = None, **flags: Any) -> "Settings":
        """Read the settings from all sources; a flag that is ``None`` counts as not given.

        A ``config`` file must exist; the platform's, which is the default, need not.

        Raises:
            BadRequest: A value is invalid, a name is unknown, or the config file cannot be read.
        """
        file = config or Path(platformdirs.user_config_dir(APP)) / "config.toml"
        if config is not None and not config.is_file():
            raise BadRequest(f"There is no config file {config}: check --config.")

        class Configured(cls):  # type: ignore[misc, valid-type]
            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                **_others: PydanticBaseSettingsSource,
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

        given = {name: value for name, value in flags.items() if value is not None}
        try:
            settings = Configured(**given)
        except ValidationError as error:
            raise BadRequest(_in_one_line(error, file)) from error
        except (OSError, ValueError) as error:
            raise BadRequest(f"The config file {file} cannot be read: {error}.") from error
        return cls.model_construct(**dict(settings))

    @property
    def detection(self) -> DetectionOptions:
        """The options of the detector."""
        detector = _DETECTION.detector if self.detector == AUTO else self.detector
        return DetectionOptions(detector, self.long_edge, self.smallest_face)

    def with_detector(self, detector: str) -> "Settings":
        """Return the same settings with a detector; ``BadRequest`` if there is none of this name."""
        if detector not in DETECTORS:
            raise BadRequest(f"There is no detector {detector}: choose one of {', '.join(DETECTORS)}.")
        return self.model_copy(update={"detector": detector})

    @property
    def cores(self) -> int:
        """Photos in work at once."""
        return self.workers or usable_cores()


def _in_one_line(error: ValidationError, file: Path) -> str:
    problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return f"Invalid setting ({'; '.join(problems)}): check the flags, FACEINDEX_* and {file}."
