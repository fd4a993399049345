"""Reads a photo of the library with everything that is known of it: its faces, and who they are."""

from dataclasses import dataclass

from faceindex.errors import NotFound
from faceindex.naming.chosen_faces import library_faces
from faceindex.results import LibraryFace
from faceindex.session import Session
from index.people.persons import Person
from index.photos.photo_records import PhotoRecord, read_photo


@dataclass(frozen=True, slots=True, eq=False)
class LibraryPhoto:
    """A photo or film of the library, and its faces: from left to right, or in the order of time.

    ``without_box`` are the persons who are in it by a decision that names no face.
    """

    record: PhotoRecord
    faces: tuple[LibraryFace, ...]
    without_box: tuple[Person, ...] = ()


def library_photo(session: Session, photo_id: int) -> LibraryPhoto:
    """Read a photo by its id; ``NotFound`` if there is none."""
    record = read_photo(session.database, photo_id)
    if record is None:
        raise NotFound(f"There is no photo {photo_id} in the library.")
    ids = [] if record.digest is None else session.catalog.face_ids_of(record.digest)
    faces = sorted(library_faces(session, ids), key=_place)
    return LibraryPhoto(record, tuple(faces))


def _place(face: LibraryFace) -> tuple[float, float, int]:
    record = face.record
    return 0.0 if record.span is None else record.span.start, record.box.x, record.face_id
