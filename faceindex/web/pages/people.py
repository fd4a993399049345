"""The page of all people: persons, groups without a name, and what is done with them."""

import json
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from faceindex.errors import BadRequest
from faceindex.library import Library
from faceindex.naming.decide import Decided
from faceindex.web.addresses import address, current_query, keys, numbers, sizes
from faceindex.web.context import LibraryOf, decided, fragment, page, rendered
from faceindex.web.said import numbers_of, said
from faceindex.web.shown import (
    changed_clusters,
    clusters_by_number,
    clusters_shown,
    named_like,
    people_shown,
    person_of,
    person_tile,
)
from faceindex.wording.numbers import count
from index.people.persons import Person

router = APIRouter()

OFFERED = 8
"""Known names offered while one types."""

Text = Annotated[str, Form()]
Chosen = Annotated[str, Query()]


@dataclass(frozen=True, slots=True)
class View:
    """What of the people is shown; the address says so."""

    q: str = ""
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
    hidden: bool = False,
    ignored: bool = False,
    part: str = "",
    after: str | None = None,
) -> HTMLResponse:
    """Show everybody, and below the groups without a name; or the next ``part`` of a list."""
    view = View(q.strip(), hidden, ignored)
    if part == "people":
        shown = people_shown(library, view.q, hidden, after)
        return fragment(request, "people/people_chunk.html", view=view, people=shown)
    if part == "clusters":
        groups = clusters_shown(library, after)
        return fragment(request, "people/clusters_chunk.html", view=view, clusters=groups)
    response = page(
        request,
        "people/list.html",
        view=view,
        people=people_shown(library, view.q, hidden),
        clusters=None if view.q else clusters_shown(library),
        hidden_total=sum(each.person.hidden for each in library.people.list(hidden=True)),
        ignored_total=0,
        ignored=None,
    )
    response.headers["HX-Replace-Url"] = view.address()
    return response


@router.get("/people/names")
def names(library: LibraryOf, q: str = "") -> Response:
    """Return known people whose names have words that begin so, as JSON."""
    found = [
        {"key": each.key, "name": each.name, "note": "hidden" if each.hidden else ""}
        for each in named_like(library, q, OFFERED)
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
    done = library.people.name(number, name)
    person = person_of(library, done)
    text = f"{person.name}: {count(done.faces, 'face')}"
    if alone:
        return decided(request, said(text, done), done.numbers, location=f"/people/{person.key}")
    return changed(request, library, said(text, done), (done,), [person], shown, gone=(f"cluster-{number}",))


@router.post("/clusters/ignore")
def ignore(request: Request, library: LibraryOf, clusters: Text = "", shown: Text = "") -> HTMLResponse:
    """Say that the faces of groups are strangers'."""
    chosen = numbers(clusters)
    done = library.people.ignore(clusters=chosen)
    text = said(f"Ignored: {count(done.faces, 'face')}", done)
    return changed(request, library, text, (done,), (), shown, gone=[f"cluster-{each}" for each in chosen])


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
    names = now[0].name if len(now) == 1 else count(len(now), "person").replace("persons", "people")
    text = f"{'Hidden' if hidden else 'Shown again'}: {names}."
    stays = not hidden or "hidden" in current_query(request)
    gone = [] if stays else [f"person-{each.key}" for each in now]
    return changed(request, library, text, (done,), now if stays else (), gone=gone)


@router.get("/people/merge")
def ask_merge(
    request: Request, library: LibraryOf, persons: Chosen = "", clusters: Chosen = ""
) -> HTMLResponse:
    """Ask which name stays when persons and groups become one."""
    chosen = [person_tile(library, library.people.by_key(each)) for each in keys(persons)]
    chosen.sort(key=lambda each: -each.faces)
    groups = clusters_by_number(library, numbers(clusters))
    if len(chosen) + len(groups) == 0:
        raise BadRequest("Select at least two people, or a group.")
    what = [count(len(chosen), "person").replace("persons", "people")] if chosen else []
    what += [count(len(groups), "group")] if groups else []
    if not chosen:
        title, button = ("Who is this?" if len(groups) == 1 else f"Who are these {what[0]}?"), "Name"
    else:
        if len(chosen) + len(groups) == 1:
            raise BadRequest("Select somebody else too: merging makes two or more one.")
        title, button = f"Make {' and '.join(what)} one", "Merge"
        if len(chosen) == 1:
            title = f"Add {what[1]} to {chosen[0].person.name}"
    return fragment(
        request, "people/ask_merge.html", persons=chosen, clusters=groups, title=title, button=button
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
    groups = numbers(clusters)
    done: list[Decided] = []
    stays: Person | str = name
    if into:
        stays = library.people.by_key(into)
        others = [each for each in chosen if each.key != stays.key]
        if others:
            done.append(library.people.merge(stays, *others))
    if groups:
        done.append(library.people.move(stays, clusters=groups))
    if not done:
        raise BadRequest("Select at least two people, or a group.")
    person = stays if isinstance(stays, Person) else person_of(library, done[-1])
    person = library.people.by_key(person.key)
    gone = [f"person-{each.key}" for each in chosen if each.key != person.key]
    gone += [f"cluster-{each}" for each in groups]
    tile = person_tile(library, person)
    text = said(f"{person.name} has {count(tile.faces, 'face')} now", *done)
    return changed(request, library, text, done, [person], shown, gone=gone)


def changed(
    request: Request,
    library: Library,
    text: str,
    done: "tuple[Decided, ...] | list[Decided]",
    persons: "list[Person] | tuple[Person, ...]" = (),
    shown: str = "",
    *,
    gone: "list[str] | tuple[str, ...]" = (),
) -> HTMLResponse:
    """Answer an action with the tiles that it changed, of those that the page shows."""
    were = sizes(shown)
    fresh, no_more = changed_clusters(library, were) if were else ((), ())
    html = rendered(
        request,
        "people/changed.html",
        persons=[person_tile(library, each) for each in persons],
        clusters=fresh,
        gone=[*gone, *(f"cluster-{each}" for each in no_more)],
    )
    return decided(request, text, numbers_of(done), html)
