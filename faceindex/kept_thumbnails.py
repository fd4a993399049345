"""Keeps pictures of faces beside the library as far as that works: what goes wrong costs nothing but them."""

from collections.abc import Callable, Sequence

from index.errors import LibraryDamaged, LibraryError
from index.store.store import Thumbnails
from index.values import Thumbnail


class KeptThumbnails:
    """The pictures of one library. A damaged file is thrown away and made anew; ``note`` is told once."""

    def __init__(self, thumbnails: Thumbnails, note: Callable[[str], None]) -> None:
        self._thumbnails = thumbnails
        self._note = note
        self._has_noted = False

    def picture(self, face_id: int, stamp: bytes) -> bytes | None:
        """Return the JPEG of a face; ``None`` if there is none, or it cannot be read now."""
        try:
            return self._thumbnails.read(face_id, stamp)
        except LibraryDamaged as error:
            self._throw_away(error)
        except LibraryError:
            pass  # whoever asks has it cut from the photo, which does not wait
        return None

    def keep(self, thumbnails: Sequence[Thumbnail]) -> bool:
        """Keep pictures, in one transaction; return whether that worked."""
        try:
            try:
                self._thumbnails.write(thumbnails)
            except LibraryDamaged as error:
                self._throw_away(error)
                self._thumbnails.write(thumbnails)
        except LibraryError as error:
            if not self._has_noted:
                self._has_noted = True
                reason = error.__cause__ or error
                self._note(f"Pictures of faces are not kept in {self._thumbnails.path} ({reason}).")
            return False
        return True

    def _throw_away(self, error: LibraryDamaged) -> None:
        try:
            self._thumbnails.throw_away()
        except LibraryError:
            return  # it is noted once something is to be kept
        self._note(f"The pictures of faces in {error.path} are made anew: {error.reason}.")
