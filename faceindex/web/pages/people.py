"""The page of all people: persons, groups without a name, and what is done with them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from faceindex.errors import BadRequest
from faceindex.library import Library
from faceindex.naming.decide import Decided
from faceindex.web.addresses import address, current_query, keys, numbers, sizes
from faceindex.web.context import LibraryOf, decided, fragment, page, rendered
from faceindex.web.said import numbers_of, people_count, said
from faceindex.web.shown import person_of
from faceindex.wording.numbers import count
from index.people.persons import Person

router = APIRouter()

Text = Annotated[str, Form()]
Chosen = Annotated[str, Query()]
Order = Literal["", "name", "faces"]


@dataclass(frozen=True, slots=True)
class View:
    """What of the people is shown; the address says so."""

    q: str = ""
    order: Order = ""
    hidden: bool = False
    ignored: bool = False

    def address(self, **changed: object) -> str:
        """Return the address of the page with something changed, or of a part of a list."""
        return address("/people", {**asdict(self), **changed})


@router.get("/people")
def people(
    request: Request,
    library: LibraryOf,
    q: str = "",
    order: Order = "",
    hidden: bool = False,
    ignored: bool = False,
    part: str = "",
    after: str | None = None,
) -> HTMLResponse:
    """Show everybody, and below the groups without a name; or the next ``part`` of a list."""
    view, lists = View(q.strip(), "" if order == "name" else order, hidden, ignored), library.lists
    if part == "clusters":
        return fragment(
            request, "people/clusters_chunk.html", view=view, clusters=lists.clusters(after=after)
        )
    if part == "ignored":
        return fragment(request, "people/ignored_chunk.html", view=view, ignored=lists.ignored(after=after))
    found = lists.people(view.q, order=view.order or "name", hidden=hidden, after=after)
    if part == "people":
        return fragment(request, "people/people_chunk.html", view=view, people=found)
    shown = lists.people(most=1).total
    response = page(
        request,
        "people/list.html",
        view=view,
        people=found,
        clusters=None if view.q else lists.clusters(),
        hidden_total=lists.people(hidden=True, most=1).total - shown,
        ignored_total=lists.ignored(most=1).total,
        ignored=lists.ignored() if ignored else None,
    )
    response.headers["HX-Replace-Url"] = view.address()
    return response


@router.get("/people/names")
def names(library: LibraryOf, q: str = "") -> Response:
    """Return known people whose names have words that begin so, as JSON."""
    found = [
        {"key": each.key, "name": each.name, "note": "hidden" if each.hidden else ""}
        for each in library.people.named_like(q)
    ]
    text = json.dumps(found).replace("<", "\\u003c")  # no name is markup, whatever takes this for a page
    return Response(text, media_type="application/json")


@router.post("/clusters/{number}/name")
def name_cluster(
    request: Request,
    library: LibraryOf,
    number: int,
    name: Text,
    shown: Text = "",
    alone: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Say who the faces of a group are; on its own page, that of the person is shown next."""
    known = _is_known(library, name)
    done = library.people.name(number, name)
    person = person_of(library, done)
    text = said(f"{person.name}: {count(done.faces, 'face')}", done)
    if alone:
        return decided(request, text, done.numbers, location=f"/people/{person.key}")
    gone = [f"cluster-{number}"]
    return _changed(request, library, text, [done], [person], shown, gone=gone, more=0 if known else 1)


@router.post("/clusters/ignore")
def ignore(request: Request, library: LibraryOf, clusters: Text = "", shown: Text = "") -> HTMLResponse:
    """Say that the faces of groups are strangers'."""
    chosen = numbers(clusters)
    done = library.people.ignore(clusters=chosen)
    text = said(f"Ignored: {count(done.faces, 'face')}", done)
    return _changed(request, library, text, [done], (), shown, gone=[f"cluster-{each}" for each in chosen])


@router.post("/people/hide")
def hide(request: Request, library: LibraryOf, persons: Text = "") -> HTMLResponse:
    """Leave persons out of lists."""
    return _hide(request, library, persons, hidden=True)


@router.post("/people/show")
def show(request: Request, library: LibraryOf, persons: Text = "") -> HTMLResponse:
    """Show hidden persons again."""
    return _hide(request, library, persons, hidden=False)


def _hide(request: Request, library: Library, persons: str, *, hidden: bool) -> HTMLResponse:
    chosen = [library.people.by_key(each) for each in keys(persons)]
    done = library.people.hide(*chosen, hidden=hidden)
    now = [library.people.by_key(each.key) for each in chosen]
    who = now[0].name if len(now) == 1 else people_count(len(now))
    text = f"{'Hidden' if hidden else 'Shown again'}: {who}."
    stay = not hidden or "hidden" in current_query(request)
    gone = [] if stay else [f"person-{each.key}" for each in now]
    return _changed(request, library, text, [done], now if stay else (), gone=gone, more=-len(gone))


@router.get("/people/merge")
def ask_merge(
    request: Request, library: LibraryOf, persons: Chosen = "", clusters: Chosen = ""
) -> HTMLResponse:
    """Ask which name stays when persons and groups become one."""
    chosen = library.lists.tiles_of(*(library.people.by_key(each) for each in keys(persons)))
    groups = library.lists.tiles_of_clusters(numbers(clusters))
    if len(chosen) + len(groups) < (2 if chosen else 1):
        raise BadRequest("Select others too: merging makes two or more one.")
    several = f"these {len(groups):,} groups"
    if not chosen:
        title = "Who is this?" if len(groups) == 1 else f"Who are {several}?"
    elif len(chosen) == 1:
        title = f"Add {'this group' if len(groups) == 1 else several} to {chosen[0].person.name}"
    else:
        title = f"Make {people_count(len(chosen))} one"
    return fragment(
        request,
        "people/ask_merge.html",
        persons=sorted(chosen, key=lambda each: -each.faces),
        clusters=groups,
        title=title,
        button="Merge" if chosen else "Name",
    )


@router.post("/people/merge")
def merge(
    request: Request,
    library: LibraryOf,
    persons: Text = "",
    clusters: Text = "",
    into: Text = "",
    name: Text = "",
    shown: Text = "",
) -> HTMLResponse:
    """Make persons and groups one."""
    chosen = [library.people.by_key(each) for each in keys(persons)]
    groups, done = numbers(clusters), []
    known = bool(into) or _is_known(library, name)
    stays: Person | str = library.people.by_key(into) if into else name
    others = [each for each in chosen if isinstance(stays, Person) and each.key != stays.key]
    if others:
        done.append(library.people.merge(stays, *others))
    if groups:
        done.append(library.people.move(stays, clusters=groups))
    if not done:
        raise BadRequest("Select others too: merging makes two or more one.")
    person = library.people.by_key(stays.key) if isinstance(stays, Person) else person_of(library, done[0])
    (tile,) = library.lists.tiles_of(person)
    gone = [*(f"person-{each.key}" for each in others), *(f"cluster-{each}" for each in groups)]
    text = said(f"{person.name} has {count(tile.faces, 'face')} now", *done)
    return _changed(
        request, library, text, done, [person], shown, gone=gone, more=(0 if known else 1) - len(others)
    )


def _is_known(library: Library, name: str) -> bool:
    try:
        library.people.get(name)
    except BadRequest:
        return False
    return True


def _changed(
    request: Request,
    library: Library,
    text: str,
    done: Sequence[Decided],
    persons: Sequence[Person],
    shown: str = "",
    *,
    gone: Sequence[str] = (),
    more: int = 0,
) -> HTMLResponse:
    """Answer an action with the tiles that it changed; so many ``more`` people are listed then."""
    were = sizes(shown)
    now = library.lists.sizes_of_clusters(tuple(were)) if were else {}
    others = [number for number, size in now.items() if size != were[number]]
    no_more = dict.fromkeys([*gone, *(f"cluster-{each}" for each in were if each not in now)])
    fewer_clusters = sum(each.startswith("cluster-") for each in no_more)
    html = rendered(
        request,
        "people/changed.html",
        persons=library.lists.tiles_of(*persons),
        clusters=library.lists.tiles_of_clusters(others) if others else (),
        gone=no_more,
        more_people=more,
        more_clusters=sum(each.regrouped.founded for each in done if each.regrouped) - fewer_clusters,
    )
    return decided(request, text, numbers_of(done), html)
