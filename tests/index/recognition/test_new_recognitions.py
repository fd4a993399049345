"""What a run found of whom: faces that are somebody's since, and faces that may be."""

from index.people.queries import PeopleQueries
from index.recognition.new_recognitions import NewRecognitions
from tests.index.albums import THRESHOLDS, Album, of

ANNA, BEN, CARL = range(3)


def test_faces_since_a_moment_are_somebodys_or_probably_somebodys(album: Album) -> None:
    album.name("Anna", *album.add_each(of(ANNA, 0.8), of(ANNA, 0.8)))
    album.name("Anne", *album.add_each(of(ANNA, 0.8), of(ANNA, 0.8)))
    album.name("Ben", *album.add_each(of(BEN), of(BEN)))
    album.add(of(ANNA, 0.8))
    album.regroup()
    since = NewRecognitions(album.database)
    album.add_each(of(ANNA, 0.8), of(BEN), of(CARL), of(BEN))
    album.ignore(*album.add(of(ANNA, 0.8)))
    album.regroup()
    ben = PeopleQueries(album.database).named("Ben")
    assert since.by_person() == {ben.id: 2}
    assert since.probable(THRESHOLDS) == 1
