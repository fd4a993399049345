"""A library in figures, as this package returns them."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.values import ModelId


@dataclass(frozen=True, slots=True)
class LeftOutCount:
    """How many files of a kind are left out; ``needs`` is the extra of the package that would read them."""

    kind: str
    files: int
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many present photos failed for a reason (a value of ``pipeline.values.Reason``)."""

    reason: str
    photos: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """A library in figures. A photo is a path; a content is what is in it.

    Attributes:
        model: ``None`` before the first scan, as ``detector``; ``created_at`` is when they were chosen.
        roots: In the order of their first scan.
        photos: Paths present at the last scan, failed ones included; ``missing`` were gone.
        failed: Present photos that could not be read, the most frequent reason first.
        contents: Different contents of the present photos that could be read; ``faces`` are in them.
        most_faces: Faces in the content that has most.
        films: Of the contents; they last ``film_seconds`` in all, and ``tracklets`` are faces in them.
        duplicates: Present, readable photos beyond the first of each content.
        first_taken: By the photo's own clock; ``None`` if no photo says.
        descriptors: Faces that the model has described, in a photo or not.
        index_kind: How the saved index stores descriptors; ``None`` if none was saved.
        left_out: Files that the last scan of each root left out, by kind.
    """

    model: ModelId | None
    detector: str | None
    created_at: datetime | None
    roots: tuple[bytes, ...]
    photos: int
    photo_bytes: int
    missing: int
    failed: tuple[ReasonCount, ...]
    contents: int
    contents_without_face: int
    most_faces: int
    duplicates: int
    faces: int
    films: int
    film_seconds: float
    tracklets: int
    first_taken: datetime | None
    last_taken: datetime | None
    descriptors: int
    descriptor_bytes: int
    database_bytes: int
    index_kind: str | None
    indexed_faces: int
    left_out: tuple[LeftOutCount, ...] = ()

    @property
    def failures(self) -> int:
        """Present photos that could not be read."""
        return sum(each.photos for each in self.failed)

    @property
    def faces_per_photo(self) -> float:
        """Mean number of faces in a readable content; 0.0 without one."""
        return self.faces / self.contents if self.contents else 0.0
