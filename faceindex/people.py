"""``library.people``: names, decisions about faces, and the journal of all decisions."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from faceindex.errors import BadRequest
from faceindex.naming.chosen_faces import FaceName, PhotoName, faces_of, library_faces
from faceindex.paths import AnyPath, AnyPaths, absolute, several, to_path
from faceindex.results import LibraryFace
from faceindex.session import Session
from faceindex.warm_sessions import WarmSessions
from index.decisions.journal import Journal
from index.people.persons import Person, PersonName
from index.people.queries import PersonSummary

if TYPE_CHECKING:
    from datetime import date

    from faceindex.browsing.faces import FaceState, Years
    from faceindex.browsing.log import LogPage
    from faceindex.browsing.person import PersonTemplate, SeenWith
    from faceindex.naming.answers import Answer
    from faceindex.naming.decide import Decided, ForgetPlan
    from faceindex.naming.enroll import Enrolled, PersonToEnroll
    from faceindex.naming.journal import Undone
    from faceindex.naming.person_doubts import PersonDoubts
    from faceindex.naming.question import Asked, Questions
    from faceindex.naming.suggestion import Suggestions
    from index.decisions.log import LoggedDecision
    from index.privacy.forget import Erased
    from index.privacy.journal_merge import Imported
    from pipeline.values import Box

_P = ParamSpec("_P")
_T = TypeVar("_T")


class People:
    """The persons of a library. ``undo`` takes back every decision except ``forget``.

    A person is given by name, or as a ``Person`` that was read before, whatever the name is now.
    A face is given by its number; as a photo with one face; or as ``PHOTO:2`` for the second face that
    ``Library.who`` lists. All methods raise ``BadRequest`` if there is no such person, face or cluster.
    """

    def __init__(self, sessions: WarmSessions, source: str) -> None:
        self._sessions = sessions
        self.source = source

    def by(self, source: str) -> "People":
        """Return the same persons; the log says that decisions about them were made by ``source``."""
        return People(self._sessions, source)

    def list(self, *, hidden: bool = False) -> tuple[PersonSummary, ...]:
        """List all persons with their numbers of faces; hidden persons only with ``hidden``."""
        found = self._sessions.read(lambda session: session.people.summaries())
        return tuple(each for each in found if hidden or not each.person.hidden)

    def get(self, name: PersonName) -> PersonSummary:
        """Return one person, hidden or not."""
        return self._sessions.read(lambda session: session.people.summary(name))

    def by_key(self, key: str) -> Person:
        """Return the person that a key means now: of a merged person, the one that it became part of."""
        return self._sessions.read(lambda session: session.people.by_key(key))

    def faces(
        self, name: PersonName | None = None, *, cluster: int | None = None, faces: Sequence[FaceName] = ()
    ) -> tuple[LibraryFace, ...]:
        """Return the faces of a person, confirmed ones first; or of a cluster; or the faces given."""
        return self._sessions.read(faces_of, name, cluster, faces)

    def named_like(self, text: str, most: int = 8, *, hidden: bool = True) -> tuple[Person, ...]:
        """Find the persons whom somebody who types may mean, those with most faces first.

        Each word of ``text`` begins a word of the name; case and accents do not matter.
        """
        from faceindex.browsing.people import named_like

        return self._sessions.read(named_like, text, most, hidden=hidden)

    def years(self, name: PersonName, state: "FaceState | None" = None) -> "Years":
        """Count the faces of a person by year, or only confirmed or recognised ones."""
        from faceindex.browsing.faces import years_of

        return self._sessions.read(lambda session: years_of(session, session.people.named(name), state))

    def templates(self, name: PersonName) -> "tuple[PersonTemplate, ...]":
        """Return what a person is recognised by: the mean of all confirmed faces, and those of some years."""
        from faceindex.browsing.person import templates_of

        return self._sessions.read(lambda session: templates_of(session, session.people.named(name)))

    def seen_with(self, name: PersonName, most: int = 12, *, hidden: bool = False) -> "tuple[SeenWith, ...]":
        """Return who is in photos with a person, those with most photos first."""
        from faceindex.browsing.person import seen_with

        return self._sessions.read(
            lambda session: seen_with(session, session.people.named(name), most, hidden=hidden)
        )

    def faces_by_id(self, face_ids: Sequence[int]) -> tuple[LibraryFace, ...]:
        """Return faces by their numbers, in this order, without those that are in no photo any more."""
        return self._sessions.read(library_faces, face_ids)

    def name(self, cluster: int, name: PersonName) -> "Decided":
        """Say who the faces of a cluster are: a new name or a known person."""
        from faceindex.naming import decide

        return self._decide(decide.name_cluster, cluster, name)

    def confirm(self, name: PersonName, faces: Sequence[FaceName] = (), *, every: bool = False) -> "Decided":
        """Confirm that faces, or with ``every`` all recognised faces, show a known person."""
        from faceindex.naming import decide

        return self._decide(decide.confirm, name, faces, every=every)

    def reject(
        self, name: PersonName, faces: Sequence[FaceName] = (), clusters: Sequence[int] = ()
    ) -> "Decided":
        """Say that faces, and all faces of some clusters, do not show a person."""
        from faceindex.naming import decide

        return self._decide(decide.reject, name, faces, clusters)

    def move(
        self, name: PersonName, faces: Sequence[FaceName] = (), clusters: Sequence[int] = ()
    ) -> "Decided":
        """Say whom faces, and all faces of some clusters, show, whoever they were assigned to before.

        The name is a new one or that of a known person.
        """
        from faceindex.naming import decide

        return self._decide(decide.move, name, faces, clusters)

    def merge(self, name: PersonName, *others: PersonName) -> "Decided":
        """Make two persons or more one, who keeps the first name."""
        from faceindex.naming import decide

        return self._decide(decide.merge, name, *others)

    def apart(self, name: PersonName, other: PersonName) -> "Decided":
        """Say that two persons are two, however much they look alike; ``review`` asks no more."""
        from faceindex.naming import decide

        return self._decide(decide.apart, name, other)

    def split(self, name: PersonName, faces: Sequence[FaceName], new_name: str) -> "Decided":
        """Move some faces of a person to a new person."""
        from faceindex.naming import decide

        return self._decide(decide.split, name, faces, new_name)

    def ignore(self, faces: Sequence[FaceName] = (), clusters: Sequence[int] = ()) -> "Decided":
        """Say that faces, and all faces of some clusters, show strangers; ``review`` leaves them out."""
        from faceindex.naming import decide

        return self._decide(decide.ignore, faces, clusters)

    def not_a_face(self, faces: Sequence[FaceName]) -> "Decided":
        """Say that detections are no faces."""
        from faceindex.naming import decide

        return self._decide(decide.not_a_face, faces)

    def rename(self, name: PersonName, new_name: str) -> "Decided":
        """Give a person another name that nobody has."""
        from faceindex.naming import decide

        return self._decide(decide.rename, name, new_name)

    def hide(self, *names: PersonName, hidden: bool = True) -> "Decided":
        """Leave persons out of lists and answers, or show them again. No face is lost."""
        from faceindex.naming import decide

        return self._decide(decide.hide, *names, hidden=hidden)

    def add_to_photo(self, name: PersonName, photos: Sequence[PhotoName]) -> "Decided":
        """Say that a person, new or known, is in photos, without a face."""
        from faceindex.naming import facts

        return self._decide(facts.add_to_photo, name, photos)

    def draw(self, photo: PhotoName, box: "Box", name: PersonName) -> "Decided":
        """Say that a face is in a photo where none was found, and who it is: a new name or a known person.

        ``box`` is in pixels of the upright, full-size photo; in a film it has the moment, in seconds. If
        landmarks are found in it, the face is compared with others, as any; else it is named only. ``photo``
        is the number of a photo of the library, or its path; it is read now.
        """
        from faceindex.naming.draw import draw, look

        looked = self._sessions.read(look, photo, box, name, self._sessions.drawn_faces().look_at)
        return self._decide(draw, looked, name)

    def remove_from_photo(self, name: PersonName, photos: Sequence[PhotoName]) -> "Decided":
        """Say that a person is not in photos to which it was added."""
        from faceindex.naming import facts

        return self._decide(facts.remove_from_photo, name, photos)

    def set_portrait(self, name: PersonName, face: FaceName) -> "Decided":
        """Choose one of a person's faces to be shown for it."""
        from faceindex.naming import facts

        return self._decide(facts.set_portrait, name, face)

    def set_born(self, name: PersonName, date: "str | date | None") -> "Decided":
        """Say when a person was born: a day, a month or year as ``2010-05`` or ``2010``, or unknown."""
        from faceindex.naming import facts

        return self._decide(facts.set_born, name, date)

    def undo(self, *numbers: int) -> "Undone":
        """Take decisions back together, by default the last one in force. An undo can be undone too."""
        from faceindex.naming.journal import undo

        return self._decide(undo, *numbers)

    def enroll(self, name: PersonName, photos: AnyPaths, *, face: int | None = None) -> "Enrolled":
        """Add a person, new or known, from photos, which become part of the library; it need not exist yet.

        ``face`` is the number of the face in each photo, from 1, as ``Library.who`` counts. Photos that
        cannot be read, or that do not have exactly one face or the given one, are left out. So are films that
        show several people, unless ``face`` is a face of the one who is meant; all clear faces of that one
        are taken.
        """
        from faceindex.asking.photo_arguments import is_remote
        from faceindex.naming import decide
        from faceindex.naming.enroll import PersonToEnroll

        names = several(photos)
        if any(map(is_remote, names)):
            raise BadRequest("Enrolled photos become part of the library: save the photo in a file first.")
        person = PersonToEnroll(
            name if isinstance(name, Person) else decide.clean(name), tuple(absolute(names))
        )
        return self._enroll((person,), face)

    def enroll_folder(self, folder: AnyPath, *, face: int | None = None) -> "Enrolled":
        """Enroll everybody in a folder laid out as ``NAME/photo.jpg``."""
        from faceindex.naming.enroll import people_in_folder

        return self._enroll(people_in_folder(absolute(folder)[0]), face)

    def _enroll(self, people: "Sequence[PersonToEnroll]", face: int | None) -> "Enrolled":
        from faceindex.naming.enroll import enroll

        with self._sessions.writing(make=True) as session:
            return enroll(self._sourced(session), people, face)

    def review(self, most: int | None = None) -> "Suggestions":
        """Suggest which faces to look at, the most useful first, at most this many."""
        from faceindex.naming.review import review

        return self._sessions.read_judged(review, most)

    def questions(
        self, most: int = 1, *, skipped: Collection[str] = (), first: str | None = None
    ) -> "Questions":
        """Ask about faces, the most useful question first, at most ``most``; ``answer`` answers one.

        Questions with a key in ``skipped`` come after all others; that of the key ``first`` comes first.
        """
        from faceindex.naming.review_queue import ReviewQueue

        return self._sessions.read_queued(ReviewQueue.questions, most, skipped, first)

    def doubts(
        self, name: PersonName, *, skipped: Collection[str] = (), first: str | None = None
    ) -> "PersonDoubts":
        """Ask about the faces of a person that may be somebody else's, in as few questions as may be."""
        from faceindex.naming.person_doubts import doubts

        return self._sessions.read_queued(doubts, name, skipped, first)

    def answer(self, asked: "Asked", answer: "Answer", name: str = "") -> "Decided":
        """Answer a question of ``questions`` or ``doubts`` by one decision; ``name`` says who it is."""
        from faceindex.naming import answers

        return self._decide(answers.answer, asked, answer, name)

    def log(self, last: int | None = None) -> "tuple[LoggedDecision, ...]":
        """Return all decisions, or only the ``last`` ones, the oldest first."""
        return self._sessions.read(lambda session: session.journal.decisions(last))

    def log_page(self, before: int | None = None, most: int = 30, faces: int = 8) -> "LogPage":
        """Return the newest decisions, or those before a number, with some faces that each is about.

        ``most`` limits the decisions, ``faces`` those of each; ``LogPage.before`` leads to the next ones.
        """
        from faceindex.browsing.log import log_page

        return self._sessions.read(log_page, before, most, faces)

    def journal(self) -> Iterator[str]:
        """Yield the journal as JSON lines, which restore every name in a library of the same photos."""
        return self._sessions.each(lambda session: iter(session.journal.export_lines()))

    def export_journal(self, file: AnyPath) -> int:
        """Write the journal to a file, atomically, and return its number of lines."""
        from faceindex.output.export import write_lines

        lines = tuple(self.journal())
        write_lines(lines, to_path(file))
        return len(lines)

    def import_journal(self, file: AnyPath) -> "Imported":
        """Add the new decisions of a journal file; none, but a ``FaceindexError``, if a line is invalid.

        They count as later than those that are there; ``Imported.effects`` lists what they overrule.
        """
        from faceindex.naming.journal import import_journal, read_journal

        lines = read_journal(file)  # a pipe may take its time: others write meanwhile
        return self._decide(import_journal, lines)

    def forget(self, name: PersonName, *, also_recognised: bool = False) -> "Erased":
        """Erase a person's descriptors, boxes and name. This cannot be undone.

        Confirmed faces are erased. Faces that were only recognised stay, without a name, unless
        ``also_recognised``.
        """
        from faceindex.naming import decide

        return self._decide(decide.forget, name, also_recognised=also_recognised)

    def plan_forget(self, name: PersonName, *, also_recognised: bool = False) -> "ForgetPlan":
        """Return what ``forget`` would erase and let go."""
        from faceindex.naming import decide

        return self._sessions.read(decide.plan_forget, name, also_recognised=also_recognised)

    def _decide(
        self, use_case: Callable[Concatenate[Session, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return self._sessions.decide(lambda session: use_case(self._sourced(session), *args, **kwargs))

    def _sourced(self, session: "Session") -> "Session":
        session.journal = Journal(session.database, source=self.source)
        return session
