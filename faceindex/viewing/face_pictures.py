"""Gives the picture of a face: the one that is kept, or one cut out of the photo, with those beside it."""

import math
from collections.abc import Sequence

from faceindex.errors import FaceindexError, PictureUnavailable
from faceindex.kept_thumbnails import KeptThumbnails
from faceindex.lock import turn
from faceindex.session import Session
from faceindex.viewing.photo_reader import PhotoReader
from faceindex.viewing.picture import Picture, smaller
from faceindex.viewing.shared_work import SharedWork
from faceindex.warm_sessions import WarmSessions
from index.photos.picture_sources import FaceSource, PhotoSource, face_source, faces_beside, files_of
from index.values import Thumbnail
from pipeline.description.thumbnail import LONG_EDGE, cut_thumbnail, shown_side
from pipeline.values import DecodedPhoto, DetectedFace

_PATIENCE = 0.1
"""Seconds to wait for a turn to keep pictures; else they are made again another time."""


class FacePictures:
    """The pictures of the faces of one library. Shared by threads."""

    def __init__(self, sessions: WarmSessions, reader: PhotoReader) -> None:
        self._sessions = sessions
        self._reader = reader
        self._cutting: SharedWork[dict[int, bytes]] = SharedWork()
        self._kept: tuple[Session, KeptThumbnails] | None = None

    def kept(self, face_id: int, long_edge: int) -> Picture | None:
        """Return the picture of a face that is kept; ``None`` if none is.

        Raises:
            PictureUnavailable: There is no such face.
        """
        return self._sessions.read(self._kept_picture, face_id, long_edge)

    def picture(self, face_id: int, long_edge: int) -> Picture:
        """Return the picture of a face, cut out of its photo if none is kept.

        Threads that want faces of one photo wait for the first of them, which cuts them all.

        Raises:
            PictureUnavailable: There is no such face, or its photo cannot be read.
        """
        if (kept := self.kept(face_id, long_edge)) is not None:
            return kept
        face = self._sessions.read(_face, face_id)
        # Of a film, each face is in a frame of its own.
        key = face.content_id if face.box.moment is None else (face.content_id, face_id)
        cut = self._cutting.result(key, lambda: self._sessions.read(self._cut, face))
        if face_id not in cut:  # it was added after the others were read
            cut = self._sessions.read(self._cut, face)
        return smaller(cut[face_id], long_edge)

    def _kept_picture(self, session: Session, face_id: int, long_edge: int) -> Picture | None:
        found = self._thumbnails(session).picture(face_id, _face(session, face_id).stamp)
        try:
            return None if found is None else smaller(found, long_edge)
        except ValueError:  # it is damaged, and will be replaced
            return None

    def _thumbnails(self, session: Session) -> KeptThumbnails:
        if self._kept is None or self._kept[0] is not session:
            self._kept = session, KeptThumbnails(session.database.thumbnails, session.listeners.note)
        return self._kept[1]

    def _cut(self, session: Session, face: FaceSource) -> dict[int, bytes]:
        """Cut the pictures of all faces of a photo, and keep them; return them by the faces' ids."""
        with session.database.read() as connection:
            faces, files = faces_beside(connection, face), files_of(connection, face)
        cut = self._cut_from_first(files, faces)
        thumbnails = [Thumbnail(each.face_id, each.stamp, cut[each.face_id]) for each in faces]
        try:
            with turn(session.database.path, _PATIENCE):
                self._thumbnails(session).keep([each for each in thumbnails if _is_there(session, each)])
        except FaceindexError:
            pass  # they are made again another time
        return cut

    def _cut_from_first(self, files: Sequence[PhotoSource], faces: Sequence[FaceSource]) -> dict[int, bytes]:
        """Cut pictures from the first file that can be read."""
        failure: PictureUnavailable | None = None
        for file in files:
            try:
                return self._cut_from(file, faces)
            except PictureUnavailable as error:
                failure = failure or error
        raise failure or PictureUnavailable(None, "no photo shows this face any more")

    def _cut_from(self, source: PhotoSource, faces: Sequence[FaceSource]) -> dict[int, bytes]:
        moment = faces[0].box.moment
        if moment is not None:
            return self._reader.frame(source, moment, None, lambda frame: _thumbnails(frame, faces))
        share = min(1.0, LONG_EDGE / min(shown_side(each.box) for each in faces))
        long_edge = math.ceil(faces[0].photo_edge * share)
        return self._reader.photo(source.file, long_edge, lambda photo: _thumbnails(photo, faces))


def _thumbnails(photo: DecodedPhoto, faces: Sequence[FaceSource]) -> dict[int, bytes]:
    detected = {each.face_id: DetectedFace(each.box, each.landmarks, 1.0) for each in faces}
    return {face_id: cut_thumbnail(photo, each) for face_id, each in detected.items()}


def _face(session: Session, face_id: int) -> FaceSource:
    with session.database.read() as connection:
        found = face_source(connection, face_id)
    if found is None:
        raise PictureUnavailable(None, f"there is no face {face_id}")
    return found


def _is_there(session: Session, thumbnail: Thumbnail) -> bool:
    """Tell whether a face is still there: its person may have been forgotten meanwhile."""
    with session.database.read() as connection:
        found = face_source(connection, thumbnail.face_id)
    return found is not None and found.stamp == thumbnail.stamp
