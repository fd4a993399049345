"""The pages of people, of one, of a group and of found photos: what they show and what actions answer."""

import json
from collections.abc import Mapping

import pytest
from httpx import Response
from starlette.testclient import TestClient

from faceindex.library import Library
from index.people.persons import Person
from tests.faceindex.web.conftest import PEOPLE, PHOTOS


def toast(answer: Response) -> Mapping[str, object]:
    assert answer.status_code == 200, answer.text
    found: Mapping[str, object] = json.loads(answer.headers["HX-Trigger"])["toast"]
    return found


def name(library: Library, cluster: int, called: str) -> Person:
    library.people.name(cluster, called)
    return library.people.get(called).person


def groups(library: Library) -> list[int]:
    return [each.number for each in library.lists.clusters().items]


def faces(library: Library, person: Person) -> list[int]:
    return [each.record.face_id for each in library.people.faces(person)]


def test_an_empty_library_says_what_to_do_next(visitor: TestClient, library: Library) -> None:
    library.people.ignore(clusters=groups(library))
    assert "No people yet" in visitor.get("/people").text
    assert "faceindex scan" in visitor.get("/people").text


def test_people_are_shown_with_groups_below(visitor: TestClient, library: Library) -> None:
    anna = name(library, groups(library)[0], "Anna")
    page = visitor.get("/people").text
    assert f'id="person-{anna.key}"' in page
    assert page.count('class="tile cluster"') == PEOPLE - 1
    assert page.index("Anna") < page.index("Without a name")


def test_people_are_searched_by_the_beginnings_of_words_and_the_address_says_so(
    visitor: TestClient, library: Library
) -> None:
    for cluster, called in zip(groups(library), ("Ana María", "Bernd", "Jörg Ana"), strict=False):
        name(library, cluster, called)
    found = visitor.get("/people", params={"q": " ana "})
    assert "Ana María" in found.text
    assert "Jörg Ana" in found.text
    assert "Bernd" not in found.text
    assert found.headers["HX-Replace-Url"] == "/people?q=ana"
    assert 'id="clusters"' not in found.text
    assert "Nobody is called" in visitor.get("/people", params={"q": "xyz"}).text


def test_lists_are_loaded_in_parts(visitor: TestClient, library: Library) -> None:
    numbers = groups(library)
    first = library.lists.clusters(most=1)
    rest = visitor.get("/people", params={"part": "clusters", "after": first.after})
    assert rest.text.count('class="tile cluster"') == len(numbers) - 1
    assert "<html" not in rest.text
    assert visitor.get("/people", params={"part": "clusters", "after": "nonsense"}).status_code == 400


def test_naming_a_group_answers_with_what_changed(visitor: TestClient, library: Library) -> None:
    one, other, *_ = groups(library)
    shown = f"{one}:{PHOTOS},{other}:{PHOTOS + 1},999:5"
    answer = visitor.post(f"/clusters/{one}/name", data={"name": " Anna ", "shown": shown})
    assert toast(answer)["text"] == f"Anna: {PHOTOS} faces."
    anna = library.people.get("Anna").person
    assert f'id="person-{anna.key}"' in answer.text
    assert f'id="cluster-{one}" data-gone' in answer.text
    assert f'id="cluster-{other}" data-size="{PHOTOS}"' in answer.text, (
        "a group of another size is shown anew"
    )
    assert 'id="cluster-999" data-gone' in answer.text
    assert 'data-more-people="1"' in answer.text
    assert 'data-more-clusters="-2"' in answer.text
    again = visitor.post(f"/clusters/{other}/name", data={"name": "anna"})
    assert 'data-more-people="0"' in again.text
    assert toast(again)["undo"]


@pytest.mark.parametrize("bad", ["", "   ", "a" * 201, "\x1b[31m"])
def test_what_is_no_name_is_refused_in_one_line_and_nothing_is_decided(
    visitor: TestClient, library: Library, bad: str
) -> None:
    answer = visitor.post(f"/clusters/{groups(library)[0]}/name", data={"name": bad})
    assert answer.status_code == 400
    assert library.people.log() == ()


def test_a_group_named_on_its_own_page_leads_to_the_person(visitor: TestClient, library: Library) -> None:
    answer = visitor.post(f"/clusters/{groups(library)[0]}/name", data={"name": "Anna", "alone": "1"})
    assert answer.headers["HX-Redirect"] == f"/people/{library.people.get('Anna').person.key}"


def test_people_and_groups_are_merged_and_undone_together(visitor: TestClient, library: Library) -> None:
    one, two, three, _ = groups(library)
    anna, ben = name(library, one, "Anna"), name(library, two, "Ben")
    chosen = {"persons": f"{anna.key},{ben.key}", "clusters": str(three)}
    asked = visitor.get("/people/merge", params=chosen)
    assert "Which name stays?" in asked.text
    answer = visitor.post("/people/merge", data={**chosen, "into": ben.key})
    assert toast(answer)["text"] == f"Ben has {3 * PHOTOS} faces now."
    assert f'id="person-{anna.key}" data-gone' in answer.text
    numbers = ",".join(map(str, toast(answer)["undo"]))  # type: ignore[call-overload]
    visitor.post(f"/log/{numbers}/undo")
    assert {each.person.name: each.confirmed for each in library.people.list()} == {
        "Anna": PHOTOS,
        "Ben": PHOTOS,
    }
    assert three in groups(library)


def test_one_person_alone_cannot_be_merged(visitor: TestClient, library: Library) -> None:
    anna = name(library, groups(library)[0], "Anna")
    assert visitor.get("/people/merge", params={"persons": anna.key}).status_code == 400
    assert visitor.post("/people/merge", data={"persons": anna.key, "into": anna.key}).status_code == 400


def test_hidden_people_are_behind_a_switch(visitor: TestClient, library: Library) -> None:
    anna, ben = (
        name(library, each, called) for each, called in zip(groups(library), ("Anna", "Ben"), strict=False)
    )
    answer = visitor.post("/people/hide", data={"persons": f"{anna.key},{ben.key}"})
    assert toast(answer)["text"] == "Hidden: 2 people."
    assert 'data-more-people="-2"' in answer.text
    assert "Anna" not in visitor.get("/people").text
    assert "Anna" in visitor.get("/people", params={"hidden": "1"}).text
    visitor.post("/people/show", data={"persons": anna.key})
    assert "Anna" in visitor.get("/people").text


def test_ignored_faces_are_behind_a_switch_and_are_ignored_no_longer(
    visitor: TestClient, library: Library
) -> None:
    one, two, *_ = groups(library)
    answer = visitor.post("/clusters/ignore", data={"clusters": f"{one},{two}"})
    assert toast(answer)["text"] == f"Ignored: {2 * PHOTOS} faces."
    assert "Ignore no longer" not in visitor.get("/people").text
    number = library.lists.ignored().items[0].number
    assert f'hx-post="/log/{number}/undo"' in visitor.get("/people", params={"ignored": "1"}).text
    visitor.post(f"/log/{number}/undo")
    assert len(groups(library)) == PEOPLE


def test_known_names_are_offered(visitor: TestClient, library: Library) -> None:
    anna = name(library, groups(library)[0], "Anna")
    assert visitor.get("/people/names", params={"q": "an"}).json() == [
        {"key": anna.key, "name": "Anna", "note": ""}
    ]
    assert visitor.get("/people/names", params={"q": "x"}).json() == []


def test_a_person_is_found_by_the_key_of_whom_it_became_part(visitor: TestClient, library: Library) -> None:
    anna, ben = (
        name(library, each, called) for each, called in zip(groups(library), ("Anna", "Ben"), strict=False)
    )
    library.people.merge(anna, ben)
    answer = visitor.get(f"/people/{ben.key}", params={"state": "confirmed"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/people/{anna.key}?state=confirmed"


def test_actions_on_faces_take_those_away_that_are_another_persons_then(
    visitor: TestClient, library: Library
) -> None:
    one, two, *_ = groups(library)
    anna, ben = name(library, one, "Anna"), name(library, two, "Ben")
    first, second, third = faces(library, anna)
    moved = visitor.post(f"/people/{anna.key}/move", data={"faces": f"{first},{second}", "name": "ben"})
    assert toast(moved)["text"] == "Moved to Ben: 2 faces."
    assert f'id="face-{first}" data-gone' in moved.text
    assert 'id="person-head"' in moved.text
    assert {first, second} < set(faces(library, ben))
    rejected = visitor.post(f"/people/{anna.key}/reject", data={"faces": str(third)})
    assert str(toast(rejected)["text"]).startswith("Not Anna: 1 face.")
    assert faces(library, anna) == []
    assert "No face is left" in visitor.get(f"/people/{anna.key}").text


def test_a_face_that_stays_is_shown_as_it_is_now(visitor: TestClient, library: Library) -> None:
    anna = name(library, groups(library)[0], "Anna")
    first, *_ = faces(library, anna)
    page = {"HX-Current-URL": f"http://127.0.0.1:8420/people/{anna.key}?state=recognised"}
    everything = visitor.post(f"/people/{anna.key}/confirm", data={"faces": str(first)})
    assert f'confirmed" id="face-{first}"' in everything.text
    filtered = visitor.post(f"/people/{anna.key}/confirm", data={"faces": str(first)}, headers=page)
    assert f'id="face-{first}" data-gone' in filtered.text


@pytest.mark.parametrize("action", ["ignore", "not-a-face"])
def test_faces_are_ignored_or_none_on_the_pages_of_persons_and_groups(
    visitor: TestClient, library: Library, action: str
) -> None:
    one, two, *_ = groups(library)
    anna = name(library, one, "Anna")
    visitor.post(f"/people/{anna.key}/{action}", data={"faces": str(faces(library, anna)[0])})
    assert len(faces(library, anna)) == PHOTOS - 1
    some = [each.face.record.face_id for each in library.lists.cluster(two).items][:1]
    answer = visitor.post(f"/clusters/{two}/faces/{action}", data={"faces": str(some[0])})
    assert f'id="face-{some[0]}" data-gone' in answer.text
    assert f"{PHOTOS - 1} faces" in answer.text


def test_some_faces_of_a_group_are_named(visitor: TestClient, library: Library) -> None:
    number = groups(library)[0]
    some = [each.face.record.face_id for each in library.lists.cluster(number).items]
    visitor.post(f"/clusters/{number}/faces/name", data={"faces": f"{some[0]},{some[1]}", "name": "Anna"})
    assert set(some[:2]) <= set(faces(library, library.people.get("Anna").person))


def test_a_split_makes_a_new_person(visitor: TestClient, library: Library) -> None:
    anna = name(library, groups(library)[0], "Anna")
    first, *_ = faces(library, anna)
    visitor.post(f"/people/{anna.key}/split", data={"faces": str(first), "name": "Berta"})
    assert faces(library, library.people.get("Berta").person) == [first]


def test_the_face_of_the_tile_is_chosen(visitor: TestClient, library: Library) -> None:
    anna = name(library, groups(library)[0], "Anna")
    for chosen in faces(library, anna)[:2]:
        visitor.post(f"/people/{anna.key}/portrait", data={"faces": str(chosen)})
        assert library.lists.tiles_of(anna)[0].portrait == chosen
    many = ",".join(map(str, faces(library, anna)))
    assert visitor.post(f"/people/{anna.key}/portrait", data={"faces": many}).status_code == 400


def test_a_person_is_renamed_born_hidden_and_merged_from_its_page(
    visitor: TestClient, library: Library
) -> None:
    anna, ben = (
        name(library, each, called) for each, called in zip(groups(library), ("Anna", "Ben"), strict=False)
    )
    assert (
        toast(visitor.post(f"/people/{anna.key}/rename", data={"name": "Anne"}))["text"]
        == "Anna is called Anne."
    )
    assert visitor.post(f"/people/{anna.key}/rename", data={"name": "BEN"}).status_code == 400
    visitor.post(f"/people/{anna.key}/born", data={"name": "2010-05"})
    assert "born 2010-05" in visitor.get(f"/people/{anna.key}").text
    assert visitor.post(f"/people/{anna.key}/born", data={"name": "May"}).status_code == 400
    visitor.post(f"/people/{anna.key}/hide")
    assert library.people.get(anna).person.hidden
    visitor.post(f"/people/{anna.key}/show")
    visitor.post(f"/people/{anna.key}/merge", data={"name": "ben"})
    assert library.people.by_key(ben.key).name == "Anne"


def test_forgetting_needs_the_name_and_shows_its_plan(visitor: TestClient, library: Library) -> None:
    anna = name(library, groups(library)[0], "Anna")
    assert "This cannot be undone" in visitor.get(f"/people/{anna.key}/forget").text
    wrong = visitor.post(f"/people/{anna.key}/forget", data={"typed": "Ana"})
    assert wrong.status_code == 400
    assert len(faces(library, anna)) == PHOTOS
    done = visitor.post(f"/people/{anna.key}/forget", data={"typed": "anna"})
    assert done.headers["HX-Redirect"] == "/people"
    assert library.people.list() == ()
    assert visitor.get(f"/people/{anna.key}").status_code == 404


def test_photos_are_found_by_names_that_become_keys_in_the_address(
    visitor: TestClient, library: Library
) -> None:
    anna = name(library, groups(library)[0], "Anna")
    found = visitor.get("/find", params={"with_name": "anna"})
    assert found.headers["HX-Push-Url"] == f"/find?with={anna.key}"
    assert found.text.count('class="tile photo"') == PHOTOS
    nobody = visitor.get("/find", params={"with": anna.key, "without": anna.key})
    assert "No photo" in nobody.text
    unknown = visitor.get("/find", params={"with_name": "Zoe"})
    assert unknown.status_code == 200
    assert 'role="alert"' in unknown.text
    assert 'role="alert"' in visitor.get("/find", params={"with": anna.key, "since": "soon"}).text
    assert "Whom do the photos show?" in visitor.get("/find").text
