"""Says who is in photos: what was decided of a face, and else whom it is like.

The rules, the first that applies:

    decided        it is this person; it is a stranger; it is no face
    a stranger     most like one who was ignored, surely enough, and more than like any person
    accepted       like a person from the threshold on, and clearly more than like any other
    probable       in the band below; or one of: too close to call, one face alone, a second time in a photo
    unknown        else

Persons that a face was decided not to be are passed over. A face of the library is compared without its
own photo, and what was merely recognised is no evidence: docs/identification.md says why. This module
prints nothing and writes nothing.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from faceindex.results import Answer, Certainty, Identity, KnownFace, NearKnownFace
from faceindex.session import Session
from index.decisions.face_overlap import pairs
from index.people.queries import FaceStatus, PeopleQueries, Person
from index.recognition.decided_faces import load_gallery, not_faces
from index.recognition.gallery import Gallery
from index.recognition.identify import (
    LikenessVerdict,
    Match,
    NeighborOptions,
    identify,
    nearest,
    similarities,
)
from index.recognition.thresholds import Thresholds
from index.values import NONE, NearFace
from index.vectors.saved_index import index_version, load_index
from index.vectors.vector_store import VectorStore
from pipeline.values import F32, PhotoIndexed


@dataclass(frozen=True, slots=True)
class StoredFace:
    """What the library knows of a face that is asked about.

    Attributes:
        face_id: Its number; ``None`` where it is not in the library.
        status: What was decided of it; ``None`` with ``face_id``.
    """

    face_id: int | None = None
    status: FaceStatus | None = None


class Identifier:
    """What it takes to say who faces are, loaded once for many photos. Several threads may ask.

    Args:
        session: Open.
        before: What was loaded from an earlier state of the library in the same session: its index is kept
            if the library holds the same faces.

    Raises:
        LibraryError: The library cannot be read.
    """

    def __init__(self, session: Session, before: "Identifier | None" = None) -> None:
        self._model = session.model()
        self.thresholds: Thresholds = session.thresholds()
        self._catalog = session.catalog
        self._version = index_version(session.database, self._model.model_id)
        self._vectors = self._load_vectors(session, before)
        self._people = PeopleQueries(session.database)
        self._gallery = load_gallery(session.database, self._model.model_id)
        self._not_faces = not_faces(session.database).tolist()
        self._persons = self._people.everyone()
        self._hidden = False

    def _load_vectors(self, session: Session, before: "Identifier | None") -> VectorStore:
        name = self._model.model_id
        known = before if before and before._version == self._version else None
        if known and known._model.model_id == name:
            listed = self._catalog.described_faces(name)
            if np.array_equal(known._vectors.ids(), listed):
                return known._vectors
        loaded = load_index(self._catalog, name, self._model.dimension)
        if loaded.note:
            session.listeners.note(loaded.note)
        return loaded.index

    def naming(self, *, hidden: bool) -> "Identifier":
        """The same, with hidden persons named or not."""
        other = copy(self)
        other._hidden = hidden
        return other

    def answer(self, photo: PhotoIndexed, options: NeighborOptions) -> Answer:
        """Who is in a photo, and which faces of the library are nearest."""
        if not photo.faces:
            return Answer(photo, ())
        stored = self.stored(photo)
        queries: F32 = np.stack([face.vector for face in photo.faces])
        gallery = self.gallery(photo)
        near = self._nearest(photo, queries, options)
        identities = _each_person_once(
            [
                self._identity(gallery, query, known, strangers)
                for query, known, strangers in zip(queries, stored, near, strict=True)
            ]
        )
        return Answer(
            photo,
            tuple(
                KnownFace(face, identity, _similar_enough(matches, options))
                for face, identity, matches in zip(photo.faces, identities, near, strict=True)
            ),
        )

    def persons(self) -> dict[int, Person]:
        """Everyone who is known, by id, as they are to be shown."""
        return {id_: replace(person, name=self._name(person)) for id_, person in self._persons.items()}

    def stored(self, photo: PhotoIndexed) -> tuple[StoredFace, ...]:
        """What the library knows of each face of a photo."""
        records = list(self._catalog.faces(self._catalog.face_ids_of(photo.digest)).values())
        found = pairs([each.face.box for each in photo.faces], [record.box for record in records])
        ids = {asked: records[stored].face_id for asked, stored in found}
        statuses = self._people.statuses(sorted(ids.values()))
        return tuple(
            StoredFace(ids[number], statuses[ids[number]]) if number in ids else StoredFace()
            for number in range(len(photo.faces))
        )

    def gallery(self, photo: PhotoIndexed) -> Gallery:
        """The persons that are known, but for what this photo shows of them."""
        return self._gallery.without(self._catalog.face_ids_of(photo.digest))

    def _nearest(
        self, photo: PhotoIndexed, queries: F32, options: NeighborOptions
    ) -> list[tuple[NearKnownFace, ...]]:
        # Those that are too unlike to be shown may still be strangers who were ignored.
        low = min(options.min_similarity, self.thresholds.accept)
        others = replace(options, min_similarity=low, not_of=photo.digest, not_these=self._not_faces)
        found = nearest(self._catalog, self._vectors, queries, others)
        ids = sorted({each.face.face_id for near in found for each in near})
        statuses = self._people.statuses(ids)
        return [tuple(self._near(each, statuses[each.face.face_id]) for each in near) for near in found]

    def _near(self, near: NearFace, status: FaceStatus) -> NearKnownFace:
        person = self._shown(status.person)
        return NearKnownFace(near.face, near.similarity, person, status.confirmed, status.ignored)

    def _identity(
        self, gallery: Gallery, query: F32, stored: StoredFace, near: Sequence[NearKnownFace]
    ) -> Identity:
        status = stored.status
        if status is not None and (status.not_a_face or status.ignored):
            return Identity(Certainty.NOT_A_FACE if status.not_a_face else Certainty.IGNORED)
        rejected = () if status is None else [person.id for person in status.rejected]
        match = identify(gallery, query[None], self.thresholds, {0: rejected})[0]
        if status is not None and status.person is not None and status.confirmed:
            return self._confirmed(gallery, query, status.person, match)
        stranger = max((each.similarity for each in near if each.ignored), default=-1.0)
        if stranger >= self.thresholds.accept and stranger > match.similarity:
            return Identity(Certainty.IGNORED, similarity=stranger)
        return self._matched(match, compared=max(1, len(gallery) - len(rejected)))

    def _confirmed(self, gallery: Gallery, query: F32, person: Person, match: Match) -> Identity:
        similarity = self._similarity(gallery, query, person)
        is_first = match.person_id == person.id
        other = self._persons.get(match.runner_up_id if is_first else match.person_id)
        next_best = match.runner_up if is_first else match.similarity
        margin = None if similarity is None or other is None else similarity - next_best
        return Identity(
            Certainty.CONFIRMED,
            self._shown(person),
            similarity,
            runner_up=None if margin is None else self._shown(other),
            margin=margin,
        )

    def _similarity(self, gallery: Gallery, query: F32, person: Person) -> float | None:
        """How like a face is to one person; ``None`` where nothing else is known of the person."""
        scores = similarities(gallery.evidence(query[None]), self.thresholds)[0]
        similarity = scores[gallery.person_ids == person.id]
        return float(similarity[0]) if len(similarity) else None

    def _matched(self, match: Match, compared: int) -> Identity:
        if match.person_id == NONE:
            return Identity(Certainty.UNKNOWN)
        person = self._persons.get(match.person_id)  # may be gone since the gallery was loaded
        if person is None or match.verdict is LikenessVerdict.UNKNOWN:
            return Identity(Certainty.UNKNOWN, similarity=match.similarity)
        other = self._persons.get(match.runner_up_id)
        return Identity(
            Certainty(match.verdict),
            self._shown(person),
            match.similarity,
            self.thresholds.probability(match.similarity, among=compared),
            self._shown(other),
            None if other is None else match.similarity - match.runner_up,
        )

    def _shown(self, person: Person | None) -> Person | None:
        return None if person is None else replace(person, name=self._name(person))

    def _name(self, person: Person) -> str:
        """The name that is shown: none of a hidden person, unless that was asked for."""
        return "" if person.hidden and not self._hidden else person.name


def _each_person_once(identities: Sequence[Identity]) -> Iterator[Identity]:
    """In one photo a person is named for sure once: of two faces, one is somebody who is like the other."""
    best: dict[int, Identity] = {}
    for each in identities:
        if each.person is not None:
            best[each.person.id] = max(best.get(each.person.id, each), each, key=_rank)
    for each in identities:
        if each.certainty is Certainty.ACCEPTED and each.person and best[each.person.id] is not each:
            yield replace(each, certainty=Certainty.PROBABLE)
        else:
            yield each


def _rank(identity: Identity) -> tuple[bool, float]:
    return identity.certainty is Certainty.CONFIRMED, identity.similarity or -1.0


def _similar_enough(near: Sequence[NearKnownFace], options: NeighborOptions) -> tuple[NearKnownFace, ...]:
    return tuple(each for each in near if each.similarity >= options.min_similarity)
