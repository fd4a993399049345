"""Records that a face is there which no detector found, in a box that a person drew, and who it is.

The photo is looked at before anything is written: nobody waits for it. By landmarks in the box it is a face
like any other; without them it is named only.
"""

import math
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from faceindex.errors import BadRequest
from faceindex.film_times import clock
from faceindex.naming.chosen_faces import PhotoName
from faceindex.naming.decide import Decided, decide, new_or_known
from faceindex.scanning.drawn import LookAt
from faceindex.session import Session
from index.decisions.model import Draw, FaceKey
from index.people.persons import PersonName
from index.photos.drawn_faces import DrawnFaceRows, KnownPhoto
from pipeline.drawn_faces import LEAST_SIDE, clipped_to
from pipeline.errors import PhotoError
from pipeline.models.registry import ModelSpec
from pipeline.values import Box, DrawnFace, PhotoFile

if TYPE_CHECKING:
    from index.vectors.vector_store import VectorStore


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A box of a photo of the library, and what is in it."""

    photo: PhotoName
    digest: bytes
    drawn: DrawnFace


def look(session: Session, photo: PhotoName, box: Box, name: PersonName, look_at: LookAt) -> LookedAt:
    """Look at a box of a photo, in pixels of the upright, full-size photo; of a film at ``box.moment``.

    Raises:
        BadRequest: There is no such photo, or it cannot be read now; the box is outside of it, or around a
            face that is there already; or nobody can have this name.
    """
    new_or_known(session, name)
    known = _photo(session, photo, box)
    others = tuple(known.faces.values())
    try:
        found = os.stat(known.file.path)
        file = PhotoFile(known.file.path, found.st_size, found.st_mtime_ns)
        (drawn,) = look_at(file, (_clipped(known, box),), others)
    except (OSError, PhotoError) as error:
        reason = error.message if isinstance(error, PhotoError) else (error.strerror or str(error)).lower()
        raise BadRequest(f"{_shown(known)} cannot be read now: {reason}.") from error
    if drawn.digest not in known.digests:
        raise BadRequest(f"{_shown(known)} has changed since it was scanned: scan it, then draw the face.")
    return LookedAt(photo, known.digest, drawn)


def draw(session: Session, looked: LookedAt, name: PersonName) -> Decided:
    """Record a face that was looked at, and who it is, a new or known person; errors as of ``look``."""
    model = session.model()
    known = _photo(session, looked.photo, looked.drawn.box)  # somebody may have been quicker
    if known.digest != looked.digest:
        raise BadRequest(f"{_shown(known)} has changed meanwhile: draw the face again.")
    person = new_or_known(session, name)
    face = DrawnFaceRows(session.database, model.model_id).add(looked.digest, looked.drawn)
    if looked.drawn.described is not None:
        session.open_vectors = partial(_with_new_faces, session, model)  # asked for after the decision
    return decide(session, Draw((face,), *person))


def _with_new_faces(session: Session, model: ModelSpec) -> "VectorStore":
    """Return the library's index with faces that it lacked, and save it."""
    from index.vectors.saved_index import load_index, save_index  # it brings FAISS

    loaded = load_index(session.catalog, model.model_id, model.dimension)
    if not loaded.saved:
        save_index(loaded.index, session.catalog, model.model_id)
    return loaded.index


def _photo(session: Session, name: PhotoName, box: Box) -> KnownPhoto:
    """Read a photo in which a box is drawn, and check the box."""
    rows = DrawnFaceRows(session.database, session.model().model_id)
    path = name if isinstance(name, int) else os.path.abspath(os.fsencode(name))
    known = rows.photo(path, box.moment)
    if known is None:
        shown = f"There is no photo {name}" if isinstance(name, int) else f"{os.fspath(name)} is no photo"
        raise BadRequest(f"{shown} that the library could read: scan it first.")
    if known.missing:
        raise BadRequest(f"{_shown(known)} is missing: a face can be drawn once it is back.")
    _check_moment(known, box.moment)
    drawn = _clipped(known, box)
    if session.journal.is_forgotten(FaceKey(known.digest, drawn)):
        raise BadRequest("A face in this box was forgotten, which is final.")
    if (face := known.face_at(drawn)) is not None:
        raise BadRequest(f"Face {face} is there already: name that.")
    return known


def _check_moment(known: KnownPhoto, moment: float | None) -> None:
    if moment is None and known.is_film:
        raise BadRequest(f"{_shown(known)} is a film: say at which moment of it the face is.")
    if moment is not None and known.duration is None:
        raise BadRequest(f"{_shown(known)} is a photo, which has no moments.")
    if moment is not None and not 0 <= moment <= (known.duration or 0.0):
        length = clock(known.duration or 0.0)
        raise BadRequest(f"{_shown(known)} is {length} long: the moment {moment:g} s is not in it.")


def _clipped(known: KnownPhoto, box: Box) -> Box:
    """Return the part of a box that is in the photo; refuse one that is mostly outside, or no box."""
    if not all(map(math.isfinite, (box.x, box.y, box.w, box.h))):
        raise BadRequest("A box is four numbers: left, top, width and height in pixels.")
    inside, size = clipped_to(box, known.size), known.size
    if inside.w * inside.h <= box.w * box.h / 2 or box.w <= 0 or box.h <= 0:
        shown = f"{box.x:.0f}, {box.y:.0f}, {box.w:.0f} x {box.h:.0f}"
        raise BadRequest(
            f"The box {shown} lies outside of {_shown(known)}, which has {size.width} x {size.height} pixels."
        )
    if min(inside.w, inside.h) < LEAST_SIDE:
        raise BadRequest(f"The box is too small for a face: draw one of at least {LEAST_SIDE:.0f} pixels.")
    return inside


def _shown(known: KnownPhoto) -> str:
    return os.fsdecode(known.file.path)
