"""Writes the journal of a made library, and has the library derive its tables from it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from blake3 import blake3

from benchmarks.made_library.decisions import MadeDecision
from benchmarks.made_library.population import Population
from benchmarks.made_library.rows import fill
from index.decisions.journal import Journal
from index.store.schema import decision, decision_face
from index.store.store import Store
from pipeline.values import F32

_BEGIN, _DAYS = datetime.fromisoformat("2022-01-01T08:00:00+00:00"), 1000


def write_journal(
    store: Store,
    made: Sequence[MadeDecision],
    people: Population,
    boxes: F32,
    digests: Sequence[bytes],
    seed: int,
) -> None:
    """Write decisions in their order; ``digests`` are those of the photos, by number from 1."""
    uids = {each: blake3(b"decision %d %d" % (seed, n)).hexdigest(16) for n, each in enumerate(made)}
    counts = [len(each.rows) for each in made]
    rows = np.array([row for each in made for row in each.rows], np.int64)
    x, y, w, h = boxes[rows].T
    decisions = {
        "id": range(1, len(made) + 1),
        "uid": list(uids.values()),
        "made_at": [(_BEGIN + timedelta(days=_DAYS * each.time)).isoformat() for each in made],
        **{name: [getattr(each, name) for each in made] for name in ("kind", "person", "other", "name")},
        "target": [None if each.target is None else uids[each.target] for each in made],
    }
    faces = {
        "decision_id": np.repeat(np.arange(1, len(made) + 1), counts),
        "digest": [digests[each - 1] for each in people.contents[rows].tolist()],
        "x": x,
        "y": y,
        "w": w,
        "h": h,
    }
    with store.write() as connection:
        fill(connection, decision, len(made), decisions)
        fill(connection, decision_face, len(rows), faces)
    Journal(store).rederive()
