"""The errors of the pipeline.

    PipelineError
    ├── PhotoError           one photo could not be read; the run goes on
    ├── DecodersUnavailable  no photo can be decoded
    └── ModelError           a model's weights cannot be used
        ├── WeightsMissing   not on this machine
        └── WeightsInvalid   on this machine, but not what they should be

Only a PhotoError becomes a ``PhotoFailed`` outcome. Any other error propagates: a bug, or the operating
system's.
"""

from pipeline.values import PhotoFile, Reason, Stage


class PipelineError(Exception):
    """Base of the pipeline's errors."""


class PhotoError(PipelineError):
    """One photo could not be read; attributes are those of ``PhotoFailed``."""

    def __init__(self, file: PhotoFile, stage: Stage, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.file = file
        self.stage = stage
        self.reason = reason
        self.message = message


class DecodersUnavailable(PipelineError):
    """The reader processes cannot be started; the message says why."""


class ModelError(PipelineError):
    """A model cannot be used; the message says which, why, and what to do."""


class WeightsMissing(ModelError):
    """The weights are not on this machine and could not be fetched."""


class WeightsInvalid(ModelError):
    """The weights file is truncated, foreign or changed; the message names the file and the reason."""
