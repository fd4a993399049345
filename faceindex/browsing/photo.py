"""Reads a photo of the library with everything that is known of it: its faces, and who they are and why."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from faceindex.asking.identifier import Identifier
from faceindex.asking.why import Explanation, explain
from faceindex.errors import BadRequest, NotFound
from faceindex.results import Certainty, Identity
from faceindex.session import Session
from index.decisions.tracklets import read_tracklets
from index.people.persons import Person
from index.people.queries import FaceStatus
from index.photos.photo_records import PhotoRecord, read_neighbours, read_photo
from index.photos.recorded_contents import read_content
from index.photos.siblings import Siblings
from index.values import FaceRecord, Sibling
from pipeline.values import Appearance, PhotoFile


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFace:
    """A face of a photo or film.

    Attributes:
        identity: Who it is, also probably; of a face that nothing describes, what decisions say. A hidden
            person has an empty name, unless hidden persons were asked for.
        described: The library's model has described it: it is compared with others.
        appearance: Where a film shows it, frame by frame.
    """

    record: FaceRecord
    status: FaceStatus
    identity: Identity
    described: bool
    appearance: Appearance | None


@dataclass(frozen=True, slots=True, eq=False)
class LibraryPhoto:
    """A photo or film of the library, and its faces: from left to right, or in the order of time.

    Attributes:
        without_box: The persons who are in it by a decision that names no face; hidden ones as in a face.
        siblings: Other files of the same photo.
        previous: The photo taken before it; ``following`` is the one taken after it.
    """

    record: PhotoRecord
    faces: tuple[PhotoFace, ...]
    without_box: tuple[Person, ...] = ()
    siblings: tuple[Sibling, ...] = ()
    previous: int | None = None
    following: int | None = None


def library_photo(
    session: Session, identifier: Callable[[], Identifier], photo_id: int, *, hidden: bool = False
) -> LibraryPhoto:
    """Read a photo by its id; ``NotFound`` if there is none."""
    record = read_photo(session.database, photo_id)
    if record is None:
        raise NotFound(f"There is no photo {photo_id} in the library.")
    faces = () if record.digest is None else _faces(session, identifier, record, hidden=hidden)
    without_box = () if record.digest is None else session.people.without_face(record.digest)
    if not hidden:
        without_box = tuple(replace(each, name="") if each.hidden else each for each in without_box)
    beside = read_neighbours(session.database, photo_id)
    siblings = tuple(Siblings(session.database).of(record.path))
    return LibraryPhoto(record, faces, without_box, siblings, beside.previous, beside.following)


def explain_face(session: Session, identifier: Identifier, face_id: int) -> Explanation:
    """Explain who a face of the library is; its photo is not read.

    Raises:
        NotFound: There is no such face.
        BadRequest: The library's model has not described it.
    """
    record = session.catalog.faces([face_id]).get(face_id)
    if record is None:
        raise NotFound(f"There is no face {face_id} in the library.")
    model, file = session.model(), PhotoFile(record.photo, 0, 0)
    photo = read_content(session.catalog, file, record.digest, model.model_id, model.dimension)
    stored = () if photo is None else identifier.stored(photo)
    place = next((at for at, each in enumerate(stored, 1) if each.face_id == face_id), None)
    if photo is None or place is None:
        raise BadRequest(f"Face {face_id} is not described: nothing compares it with others.")
    return next(explain(session, identifier, photo, place))


def _faces(
    session: Session, identifier: Callable[[], Identifier], photo: PhotoRecord, *, hidden: bool
) -> tuple[PhotoFace, ...]:
    digest = photo.digest or b""
    ids = session.catalog.face_ids_of(digest)
    if not ids:
        return ()
    records, statuses = session.catalog.faces(ids), session.people.statuses(ids)
    identities = identifier().naming(hidden=hidden).identities(digest)
    tracks = {}
    if photo.film is not None:
        with session.database.read() as connection:
            tracks = {each.face_id: each.appearance for each in read_tracklets(connection, [digest])}
    found = (
        PhotoFace(
            record,
            statuses[face_id],
            identities.get(face_id) or _decided(statuses[face_id], hidden=hidden),
            face_id in identities,
            tracks.get(face_id),
        )
        for face_id, record in records.items()
    )
    return tuple(sorted(found, key=_place))


def _decided(status: FaceStatus, *, hidden: bool) -> Identity:
    """Return who a face is by decisions alone."""
    person = status.person
    if person is not None and person.hidden and not hidden:
        person = replace(person, name="")
    if person is not None:
        return Identity(Certainty.CONFIRMED if status.confirmed else Certainty.ACCEPTED, person)
    if status.not_a_face or status.ignored:
        return Identity(Certainty.NOT_A_FACE if status.not_a_face else Certainty.IGNORED)
    return Identity(Certainty.UNKNOWN)


def _place(face: PhotoFace) -> tuple[float, float, int]:
    record = face.record
    return -1.0 if record.span is None else record.span.start, record.box.x, record.face_id
