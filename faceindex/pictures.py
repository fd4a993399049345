"""``library.pictures``: what there is to look at, each by its number in the library and never by a path."""

import math

from faceindex.errors import BadRequest, PictureUnavailable
from faceindex.session import Session
from faceindex.viewing.face_pictures import FacePictures
from faceindex.viewing.film_files import FilmFile, FilmInfo
from faceindex.viewing.photo_reader import PhotoReader, as_it_is_now
from faceindex.viewing.picture import Picture, picture_of
from faceindex.viewing.shared_work import SharedWork
from faceindex.warm_sessions import WarmSessions
from index.photos.picture_sources import PhotoSource, photo_source

FACE_SIZES = (112, 320)
PHOTO_SIZES = (640, 1280, 2560)
"""Pixels of the longer side."""

_REMEMBERED = 64 << 20
"""Bytes of pictures of photos and frames that are remembered: some 200 of 1,280 pixels."""

_MOST_FILMS = 1000
"""Films of which the codec is remembered."""


class Pictures:
    """Pictures of faces, photos and films; nothing is written beside the photos.

    Every method may raise a ``PictureUnavailable``, which says in one line why there is no picture. Photos
    are decoded in processes of their own, a few at once; threads that want the same wait for one.
    """

    def __init__(self, sessions: WarmSessions) -> None:
        self._sessions = sessions
        self._reader = PhotoReader(sessions.settings)
        self._faces = FacePictures(sessions, self._reader)
        self._shown: SharedWork[Picture] = SharedWork(_REMEMBERED, lambda picture: len(picture.content))
        self._films: SharedWork[FilmInfo] = SharedWork(_MOST_FILMS)

    def close(self) -> None:
        """End the processes that decode photos."""
        self._reader.close()

    def face(self, face_id: int, long_edge: int = FACE_SIZES[-1]) -> Picture:
        """Return a face with what is around it, upright, of at most 112 or 320 pixels on the longer side.

        A scan keeps these pictures beside the library; a missing one is cut out of the photo, and kept.
        """
        return self._faces.picture(face_id, _one_of(long_edge, FACE_SIZES))

    def kept_face(self, face_id: int, long_edge: int = FACE_SIZES[-1]) -> Picture | None:
        """Return ``face`` if it is kept, which takes no reading of a photo; else ``None``."""
        return self._faces.kept(face_id, _one_of(long_edge, FACE_SIZES))

    def photo(self, photo_id: int, long_edge: int = PHOTO_SIZES[1]) -> Picture:
        """Return an upright photo as it is now, of at most 640, 1,280 or 2,560 pixels on the longer side.

        Of a film it is the first frame.
        """
        _one_of(long_edge, PHOTO_SIZES)
        source = self._source(photo_id)
        if source.is_film:
            return self.frame(photo_id, 0.0, long_edge)
        file = as_it_is_now(source.file)
        key = file.path, file.size, file.mtime_ns, long_edge

        def make() -> Picture:
            return self._reader.photo(file, long_edge, lambda photo: picture_of(photo.pixels, long_edge))

        return self._shown.result(key, make)

    def frame(self, photo_id: int, seconds: float, long_edge: int = PHOTO_SIZES[1]) -> Picture:
        """Return the frame of a film, or of the film behind a photo, at a moment."""
        _one_of(long_edge, PHOTO_SIZES)
        if not (math.isfinite(seconds) and seconds >= 0):
            raise BadRequest(f"A film has no moment {seconds}.")
        source, moment = self._source(photo_id), round(seconds, 3)
        file = source.file
        key = file.path, file.size, file.mtime_ns, long_edge, moment

        def make() -> Picture:
            use = lambda frame: picture_of(frame.pixels, long_edge)  # noqa: E731
            return self._reader.frame(source, moment, long_edge, use)

        return self._shown.result(key, make)

    def film(self, photo_id: int) -> FilmInfo:
        """Say what kind of film one is, and whether browsers play it."""
        source = self._source(photo_id)

        def look() -> FilmInfo:
            with FilmFile(source) as file:
                return file.info(self._reader.codec(source))

        return self._films.result((source.file.path, source.file.size, source.file.mtime_ns), look)

    def open_film(self, photo_id: int) -> FilmFile:
        """Open the file of a film, to be played; close it."""
        return FilmFile(self._source(photo_id))

    def _source(self, photo_id: int) -> PhotoSource:
        return self._sessions.read(_source, photo_id)


def _source(session: Session, photo_id: int) -> PhotoSource:
    with session.database.read() as connection:
        found = photo_source(connection, photo_id)
    if found is None:
        raise PictureUnavailable(None, f"there is no photo {photo_id}")
    return found


def _one_of(long_edge: int, sizes: tuple[int, ...]) -> int:
    if long_edge not in sizes:
        raise BadRequest(f"There are no pictures of {long_edge} pixels: ask for one of {sizes}.")
    return long_edge
