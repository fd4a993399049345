"""Says whether a library looks at the films of motion and live photos; finds those behind known photos.

A library keeps the choice. The films themselves are looked at as all others are.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from faceindex.errors import BadRequest
from index.photos.catalog import Catalog
from index.photos.films_behind_photos import FilmsBehindPhotos
from index.store.store import Store
from pipeline.decoding.films.motion_photo import has_film_behind
from pipeline.extras import is_installed
from pipeline.film_examination import FilmOptions


def choose_motion(catalog: Catalog, motion: bool | None) -> None:
    """Have the library keep whether the films of photos are looked at, if it is said.

    Raises:
        BadRequest: They are asked for, and nothing here reads films.
    """
    if motion and not is_installed("video"):
        raise BadRequest("--motion needs the extra video: pip install 'faceindex[video]'.")
    if motion is not None:
        catalog.choose_motion(motion)


def looks_at_films_of_photos(catalog: Catalog) -> bool:
    """Tell whether the films of photos are looked at, and can be."""
    return catalog.motion() and is_installed("video")


def with_motion(films: FilmOptions, catalog: Catalog) -> FilmOptions:
    """Return how films are looked at in a library, which may be with those behind photos."""
    return replace(films, behind_photos=looks_at_films_of_photos(catalog))


def find_films_behind(store: Store, roots: Sequence[bytes], films: FilmOptions) -> None:
    """Record which known photos under some roots have a film behind them, until the deadline."""
    behind = FilmsBehindPhotos(store)
    for chunk in behind.not_looked_for(roots):
        if time.monotonic() >= films.deadline:
            return
        behind.begin([each for each in chunk if has_film_behind(each.file)], films.per_second)
