"""Who is who: ``library.people``. Names, decisions about faces, and the journal of all that was decided.

Persons are named by their names. A face is named by its number; by a photo that has one face; or as
``PHOTO:2`` for the second face that ``Library.who`` lists for a photo. Every decision but ``forget`` can be
taken back.
"""

from collections.abc import Iterator, Sequence

from faceindex.naming import decide, transfer
from faceindex.naming.decide import Decided, FaceName
from faceindex.naming.enroll import Enrolled, PersonToEnroll, enroll, people_in_folder
from faceindex.naming.review import Suggestion, review
from faceindex.paths import AnyPath, AnyPaths, absolute, to_path
from faceindex.results import LibraryFace
from faceindex.sessions import Sessions
from index.decisions.journal import Journal, LoggedDecision
from index.people.queries import PeopleQueries, PersonSummary
from index.privacy.forget import Erased
from index.privacy.journal_merge import Imported


class People:
    """The persons of a library. Each method that decides holds the lock for that decision alone.

    A method that is given a person, face or cluster raises ``BadRequest`` where there is no such thing.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def list(self, *, hidden: bool = False) -> tuple[PersonSummary, ...]:
        """Who is known, and by how many faces; hidden persons only where they are asked for."""
        found = self._sessions.read(lambda session: PeopleQueries(session.database).summaries())
        return tuple(each for each in found if hidden or not each.person.hidden)

    def get(self, name: str) -> PersonSummary:
        """One person, hidden or not."""
        return self._sessions.read(transfer.summary, name)

    def faces(
        self, name: str | None = None, *, cluster: int | None = None, faces: Sequence[FaceName] = ()
    ) -> tuple[LibraryFace, ...]:
        """The faces of a person, the confirmed ones first; of a cluster instead; or some faces instead."""
        return self._sessions.read(decide.faces_of, name, cluster, faces)

    def name(self, cluster: int, name: str) -> Decided:
        """Say who the faces of a cluster are: a new name, or a person who is known."""
        return self._sessions.write(decide.name_cluster, cluster, name)

    def confirm(self, name: str, faces: Sequence[FaceName] = (), *, every: bool = False) -> Decided:
        """Say that faces, or with ``every`` all that are recognised as a person, are that person."""
        return self._sessions.write(decide.confirm, name, faces, every=every)

    def reject(self, name: str, faces: Sequence[FaceName]) -> Decided:
        """Say that faces are not a person."""
        return self._sessions.write(decide.reject, name, faces)

    def move(self, name: str, faces: Sequence[FaceName]) -> Decided:
        """Say who faces are, whoever they were taken for: a new name, or a person who is known."""
        return self._sessions.write(decide.move, name, faces)

    def merge(self, name: str, other: str) -> Decided:
        """Say that two persons are one; the first name stays."""
        return self._sessions.write(decide.merge, name, other)

    def split(self, name: str, faces: Sequence[FaceName], new_name: str) -> Decided:
        """Say that some faces of a person are somebody else, who is not known yet."""
        return self._sessions.write(decide.split, name, faces, new_name)

    def ignore(self, faces: Sequence[FaceName] = (), clusters: Sequence[int] = ()) -> Decided:
        """Say that faces, and all faces of some clusters, are strangers you do not want to be asked about."""
        return self._sessions.write(decide.ignore, faces, clusters)

    def not_a_face(self, faces: Sequence[FaceName]) -> Decided:
        """Say that what was found is no face."""
        return self._sessions.write(decide.not_a_face, faces)

    def rename(self, name: str, new_name: str) -> Decided:
        """Give a person another name, which nobody has."""
        return self._sessions.write(decide.rename, name, new_name)

    def hide(self, name: str, *, hidden: bool = True) -> Decided:
        """Leave a person out of lists and answers, or show it again; its faces stay its own."""
        return self._sessions.write(decide.hide, name, hidden=hidden)

    def undo(self, number: int | None = None) -> LoggedDecision:
        """Take a decision back, by default the last one that holds; an undo can be undone too."""
        return self._sessions.write(decide.undo, number)

    def enroll(self, name: str, photos: AnyPaths, *, face: int | None = None) -> Enrolled:
        """Make a person known from photos, and record them; a library is made where there is none.

        Args:
            name: A new name, or a person who is known.
            photos: Each shows one face, or the one that is meant.
            face: Which face of each photo, counted from 1 as ``Library.who`` does.
        """
        person = PersonToEnroll(decide.clean(name), tuple(absolute(photos)))
        return self._enroll((person,), face)

    def enroll_folder(self, folder: AnyPath, *, face: int | None = None) -> Enrolled:
        """Make everybody known whose photos are in a folder laid out as ``NAME/photo.jpg``."""
        return self._enroll(people_in_folder(absolute(folder)[0]), face)

    def _enroll(self, people: Sequence[PersonToEnroll], face: int | None) -> Enrolled:
        with self._sessions.writing(make=True) as session:
            return enroll(session, people, face)

    def review(self) -> Sequence[Suggestion]:
        """What needs a person's eye, the most useful first."""
        return self._sessions.read(review)

    def log(self) -> tuple[LoggedDecision, ...]:
        """All that was ever decided, the oldest first."""
        return self._sessions.read(lambda session: Journal(session.database).decisions())

    def journal(self) -> Iterator[str]:
        """The journal as JSON lines: it restores every name in a library of the same photos."""
        return self._sessions.each(lambda session: iter(Journal(session.database).export_lines()))

    def export_journal(self, file: AnyPath) -> int:
        """Write the journal to a file, whole or not at all; how many lines it has is returned."""
        from faceindex.output.export import write_lines

        lines = tuple(self.journal())
        write_lines(lines, to_path(file))
        return len(lines)

    def import_journal(self, file: AnyPath) -> Imported:
        """Take over the decisions of a journal file; those that are known already are passed over.

        Raises:
            FaceindexError: A line of it is not as it must be; nothing was imported.
        """
        return self._sessions.write(transfer.import_journal, file)

    def forget(self, name: str) -> Erased:
        """Erase a person for good: descriptors, boxes and name. It cannot be undone."""
        return self._sessions.write(transfer.forget, name)
