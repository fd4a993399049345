"""Identifies the faces of photos by decisions about them, else by similarity. The first rule applies.

    decided        a decision says who it is, that it is a stranger, or that it is no face
    a stranger     more similar to an ignored stranger than to any person, and above the threshold
    accepted       similar to a person above the threshold, and clearly more than to any other
    probable       in the band below; or too close to call, one face alone, a second time in a photo (or at
                   once in a film), or more similar to a face that is not the person by decision
    unknown        else

Rejected persons are skipped. A face of the library is compared without its own photo, and recognised faces
are no evidence: docs/identification.md says why. A face that the library has recognised, by the same rules in
``index.recognition.rules``, is accepted.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from faceindex.asking.film_people import people_in_film, spans_of_faces
from faceindex.results import Answer, Certainty, Identity, KnownFace, NearKnownFace
from faceindex.session import Session
from index.decisions.face_overlap import pairs
from index.people.persons import Person
from index.people.queries import FaceStatus
from index.recognition.decided_faces import (
    load_gallery,
    load_rejected,
    load_strangers,
    not_faces,
    refreshed_gallery,
)
from index.recognition.gallery import Gallery
from index.recognition.identify import (
    LikenessVerdict,
    Match,
    NeighborOptions,
    best_matches,
    nearest,
    similarities,
)
from index.recognition.rules import NEAR_IDENTICAL, most_similar
from index.recognition.thresholds import Thresholds
from index.spans import seen_at_once
from index.values import NONE, Descriptors, NearFace
from index.vectors.vector_store import VectorStore
from pipeline.values import F32, Descriptor, DetectedFace, PhotoIndexed, moment_alone


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face's number and status in the library; both ``None`` if it is not there.

    ``drawn``: a person drew its box.
    """

    face_id: int | None = None
    status: FaceStatus | None = None
    drawn: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Probe:
    """A face to identify, float32 [D], and what it is like.

    Attributes:
        own: The similarity to its person; ``None`` if nothing else is known of that one.
        stranger: The similarity to the nearest ignored stranger.
        compared: The number of persons that it was compared with.
    """

    vector: F32
    match: Match
    own: float | None
    stranger: float
    compared: int


class Identifier:
    """The index, gallery and persons of a library, loaded once for many photos. Safe to share by threads.

    What has not changed is reused of ``before``, loaded earlier from the same session.
    """

    def __init__(self, session: Session, vectors: VectorStore, before: "Identifier | None" = None) -> None:
        self._model = session.model()
        self.thresholds: Thresholds = session.thresholds()
        self._catalog = session.catalog
        self._vectors = vectors
        self._people = session.people
        self._gallery = self._load_gallery(session, before)
        self._rejected = load_rejected(session.database, self._model.model_id)
        self._strangers = load_strangers(session.database, self._model.model_id)
        self._not_faces = not_faces(session.database)
        self._persons = self._people.everyone()
        self._hidden = False

    def _load_gallery(self, session: Session, before: "Identifier | None") -> Gallery:
        name = self._model.model_id
        if before and before._model.model_id == name:
            return refreshed_gallery(session.database, name, before._gallery)
        return load_gallery(session.database, name)

    def naming(self, *, hidden: bool) -> "Identifier":
        """Return a copy that names hidden persons, or does not."""
        other = copy(self)
        other._hidden = hidden
        return other

    def answer(self, photo: PhotoIndexed, options: NeighborOptions) -> Answer:
        """Identify the faces of a photo, also those drawn in it, and find the nearest of the library."""
        photo = self.with_drawn(photo)
        if not photo.faces:
            return Answer(photo, (), people=None if photo.film is None else ())
        queries: F32 = np.stack([face.vector for face in photo.faces])
        near = iter(self._nearest(photo, queries[queries.any(axis=1)], options))
        spans, stored = spans_of_faces(photo.faces), self.stored(photo)
        identities = self._identities(self.gallery(photo), queries, stored, spans)
        faces = tuple(
            KnownFace(face, identity, next(near) if face.is_described else (), known.drawn)
            for face, identity, known in zip(photo.faces, identities, stored, strict=True)
        )
        people = None if photo.film is None else people_in_film(faces, self.thresholds.accept)
        return Answer(photo, faces, people=people)

    def with_drawn(self, photo: PhotoIndexed) -> PhotoIndexed:
        """Return a photo with the faces that people drew in it in the library, after those found."""
        drawn = [each for each in self._catalog.faces(self._ids(photo)).values() if each.drawn]
        known = {there for _, there in pairs([f.face.box for f in photo.faces], [r.box for r in drawn])}
        new = [record for number, record in enumerate(drawn) if number not in known]
        if not new:
            return photo
        ids = sorted(each.face_id for each in new)
        chunks = self._catalog.descriptors(self._model.model_id, ids)
        described = Descriptors.joined(chunks, self._model.dimension)
        vectors = dict(zip(described.ids.tolist(), described.vectors, strict=True))
        nothing = np.zeros(self._model.dimension, np.float32)
        faces = (
            Descriptor(
                DetectedFace(each.box, each.landmarks, each.confidence),
                each.quality,
                self._model.model_id,
                vectors.get(each.face_id, nothing),
                None if each.box.moment is None else moment_alone(each.box, each.landmarks),
            )
            for each in new
        )
        return replace(photo, faces=(*photo.faces, *faces))

    def identities(self, digest: bytes) -> dict[int, Identity]:
        """Identify the faces that the library has in a photo, by id, as ``answer`` would."""
        ids = self._catalog.face_ids_of(digest)
        chunks = self._catalog.descriptors(self._model.model_id, ids)
        described = Descriptors.joined(chunks, self._model.dimension)
        known, statuses = described.ids.tolist(), self._people.statuses(ids)
        stored = [StoredFace(each, statuses[each]) for each in known]
        gallery, records = self._gallery.without(ids), self._catalog.faces(known)
        spans = spans_of_faces(records.get(each) for each in known)
        return dict(zip(known, self._identities(gallery, described.vectors, stored, spans), strict=True))

    def persons(self) -> dict[int, Person]:
        """Return all persons by id, hidden ones without a name unless ``naming`` asked for it."""
        return {id_: replace(person, name=self._name(person)) for id_, person in self._persons.items()}

    def stored(self, photo: PhotoIndexed) -> tuple[StoredFace, ...]:
        """Return each face of a photo, as the library has it."""
        records = list(self._catalog.faces(self._ids(photo)).values())
        found = pairs([each.face.box for each in photo.faces], [record.box for record in records])
        known = {asked: records[stored] for asked, stored in found}
        statuses = self._people.statuses(sorted(each.face_id for each in known.values()))
        return tuple(
            StoredFace(known[number].face_id, statuses[known[number].face_id], known[number].drawn)
            if number in known
            else StoredFace()
            for number in range(len(photo.faces))
        )

    def gallery(self, photo: PhotoIndexed) -> Gallery:
        """Return all persons' confirmed faces, without those in this photo."""
        return self._gallery.without(self._ids(photo))

    def _ids(self, photo: PhotoIndexed) -> list[int]:
        return self._catalog.face_ids_of(self._catalog.digest_of(photo))

    def is_like_the_rejected(self, vector: F32, identity: Identity) -> bool:
        """Tell whether a face, float32 [D], is most similar to one that is not its person by decision."""
        if identity.person is None or identity.similarity is None:
            return False
        others = self._rejected.vectors[self._rejected.person_ids == identity.person.id]
        return bool(len(others)) and float((others @ vector).max()) > identity.similarity

    def _nearest(
        self, photo: PhotoIndexed, queries: F32, options: NeighborOptions
    ) -> list[tuple[NearKnownFace, ...]]:
        others = replace(options, not_of=self._catalog.digest_of(photo), not_these=self._not_faces)
        found = nearest(self._catalog, self._vectors, queries, others)
        ids = sorted({each.face.face_id for near in found for each in near})
        statuses = self._people.statuses(ids)
        return [tuple(self._near(each, statuses[each.face.face_id]) for each in near) for near in found]

    def _near(self, near: NearFace, status: FaceStatus) -> NearKnownFace:
        person = self._shown(status.person)
        return NearKnownFace(near.face, near.similarity, person, status.confirmed, status.ignored)

    def _identities(
        self, gallery: Gallery, queries: F32, stored: Sequence[StoredFace], spans: F32
    ) -> Iterator[Identity]:
        rejected = {row: _rejected(face) for row, face in enumerate(stored) if _rejected(face)}
        scores = similarities(gallery.evidence(queries), self.thresholds)
        matches = best_matches(scores, gallery.person_ids, self.thresholds, rejected)
        strangers = most_similar(queries, self._strangers).tolist()
        found = []
        for row, face in enumerate(stored):
            person = face.status.person if face.status is not None else None
            own = scores[row, gallery.person_ids == person.id].tolist() if person else []
            compared = max(1, len(gallery) - len(rejected.get(row, ())))
            probe = _Probe(queries[row], matches[row], own[0] if own else None, strangers[row], compared)
            identity = self._identity(probe, face.status or FaceStatus())
            # What is not described is like nobody, and what decisions say of it holds.
            is_described = bool(queries[row].any())
            found.append(identity if is_described else Identity(identity.certainty, identity.person))
        return _each_person_once(found, stored, queries, spans)

    def _identity(self, probe: "_Probe", status: FaceStatus) -> Identity:
        match = probe.match
        if status.not_a_face or status.ignored:
            return Identity(Certainty.NOT_A_FACE if status.not_a_face else Certainty.IGNORED)
        if status.person is not None and status.confirmed:
            return self._confirmed(probe, status.person)
        if status.person is not None and status.similarity is not None:
            return self._recognised(status.person, status.similarity, probe)
        if probe.stranger >= self.thresholds.accept and probe.stranger > match.similarity:
            return Identity(Certainty.IGNORED, similarity=probe.stranger)
        identity = self._matched(match, probe.compared)
        if identity.certainty is Certainty.ACCEPTED and self.is_like_the_rejected(probe.vector, identity):
            return replace(identity, certainty=Certainty.PROBABLE)
        return identity

    def _confirmed(self, probe: "_Probe", person: Person) -> Identity:
        match, similarity = probe.match, probe.own
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

    def _recognised(self, person: Person, similarity: float, probe: "_Probe") -> Identity:
        match, compared = probe.match, probe.compared
        if match.person_id == person.id and match.verdict is LikenessVerdict.ACCEPTED:
            return self._matched(match, compared)
        # Confirmed faces in this photo, as in a collage, are evidence for the library.
        probability = self.thresholds.probability(similarity, among=compared)
        return Identity(Certainty.ACCEPTED, self._shown(person), similarity, probability)

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
        return "" if person.hidden and not self._hidden else person.name


def _rejected(stored: StoredFace) -> list[int]:
    return [] if stored.status is None else [person.id for person in stored.status.rejected]


def _each_person_once(
    identities: Sequence[Identity], stored: Sequence[StoredFace], vectors: F32, spans: F32
) -> Iterator[Identity]:
    """Accept a person once in a photo: of two faces that are likely theirs the less similar one is probable.

    But near-identical faces, as in a collage, are all accepted, and what the library has recognised stays so.
    In a film, this is so for faces seen at once.
    """
    order = sorted(range(len(identities)), key=lambda row: _rank(identities[row]), reverse=True)
    earlier: dict[int, list[int]] = {}
    second = set()
    for row in order:
        person = identities[row].person
        if person is None:
            continue
        accepted = earlier.setdefault(person.id, [])
        others = np.array(accepted, np.int64)
        others = others[seen_at_once(spans[others], spans[row])]
        if len(others) and float((vectors[others] @ vectors[row]).min()) < NEAR_IDENTICAL:
            second.add(row)
        else:
            accepted.append(row)
    for row, (each, face) in enumerate(zip(identities, stored, strict=True)):
        is_known = face.status is not None and face.status.person is not None
        is_second = row in second and each.certainty is Certainty.ACCEPTED and not is_known
        yield replace(each, certainty=Certainty.PROBABLE) if is_second else each


def _rank(identity: Identity) -> tuple[bool, float]:
    return identity.certainty is Certainty.CONFIRMED, identity.similarity or -1.0
