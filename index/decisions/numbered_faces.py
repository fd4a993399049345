"""Numbers the faces that decisions name, so that one face has one number in all contents that show it."""

from collections.abc import Iterable, Sequence

from index.decisions.face_overlap import SAME_FACE, overlap
from index.decisions.model import FaceKey
from index.decisions.same_faces import SameFaces


class NumberedFaces:
    """Numbers faces. All boxes of one face, in all contents that show it, get one number.

    A place is one face in one picture; ``keys`` has the first key of each.
    """

    def __init__(self, same: SameFaces) -> None:
        self.keys: list[FaceKey] = []
        self._same = same
        self._places: dict[FaceKey, int] = {}
        self._pictures: dict[bytes, list[int]] = {}
        self._linked: list[int] = []  # an earlier place of the same face, or the place itself
        for link in same.links:
            if not link.certain:
                continue
            one, other = sorted(self.number(self.place(face)) for face in (link.earlier, link.later))
            self._linked[other] = one
        self._members: dict[int, list[int]] = {}
        for place in range(len(self.keys)):
            self._members.setdefault(self.number(place), []).append(place)

    def numbers(self, faces: Iterable[FaceKey]) -> tuple[int, ...]:
        """Return the numbers of faces, without repetition."""
        return tuple(dict.fromkeys(self.number(self.place(face)) for face in faces))

    def number(self, place: int) -> int:
        """Return the number of the face at a place."""
        while self._linked[place] != place:
            place = self._linked[place]
        return place

    def members(self, number: int) -> Sequence[int]:
        """Return all places of the face of this number."""
        return self._members.get(number, (number,))

    def place(self, face: FaceKey) -> int:
        """Return the place of a face."""
        known = self._places.get(face)
        if known is not None:
            return known
        picture = self._pictures.setdefault(self._same.pictures[face.digest], [])
        overlaps = {place: overlap(self.keys[place].box, face.box) for place in picture}
        best = max(overlaps, key=lambda place: overlaps[place], default=None)
        if best is None or overlaps[best] <= SAME_FACE:
            best = len(self.keys)
            self.keys.append(face)
            self._linked.append(best)
            picture.append(best)
        self._places[face] = best
        return best
