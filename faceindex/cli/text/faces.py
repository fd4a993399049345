"""Text of faces of the library, each with its photo, and with its time in a film."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.film_times import at_time, times, when_seen
from faceindex.wording.numbers import count

if TYPE_CHECKING:
    from faceindex.results import LibraryFace, ShownCluster
    from index.values import FaceRecord

_POOR = 3
"""Faces too poor to recognise anybody by that are named one by one."""


def faces(found: Sequence["LibraryFace"]) -> Iterator[str]:
    """Yield a heading, and a line for each face."""
    width = max([len("face"), *(len(str(each.record.face_id)) for each in found)])
    yield f"{'face':>{width}}  {'known how':<17}  quality  photo"
    for each in found:
        record, status = each.record, each.status
        how = "not named" if status.similarity is None else f"recognised {status.similarity:.2f}"
        if status.confirmed:
            how = "confirmed, edited" if status.edited else "confirmed"
        photo = os.fsdecode(record.photo)
        photo += "" if (seen := when_seen(record)) is None else f"  {times([seen])}"
        photo += "  (missing)" if record.missing else ""
        photo += _found_by(record)
        yield f"{record.face_id:>{width}}  {how:<17}  {record.quality.score:>7.2f}  {photo}"


def _found_by(record: "FaceRecord") -> str:
    if record.drawn:
        return "  (drawn)" if record.described else "  (drawn, named only)"
    return f"  (found by {record.detector})" if record.kept else ""


def clusters(shown: Sequence["ShownCluster"]) -> Iterator[str]:
    """Yield a heading, and a line for each cluster."""
    yield "cluster  faces  for example"
    for each in shown:
        faces, exemplar = each.faces, each.exemplar
        example = f"face {exemplar.face_id} in {os.fsdecode(exemplar.photo)}{at_time(exemplar)}"
        yield f"{faces.cluster_id:>7}  {len(faces.face_ids):>5}  {example}"


def poor(faces: Sequence["FaceRecord"]) -> Iterator[str]:
    """Warn of confirmed faces that are too poor to recognise anybody by."""
    for each in faces[:_POOR]:
        quality, photo = each.quality, os.fsdecode(each.photo) + at_time(each)
        if not each.described and each.drawn:
            yield f"Face {each.face_id} in {photo} is named only: no landmarks were found in the box."
            continue
        reasons = f", {' and '.join(quality.reasons)}" if quality.reasons else ""
        yield (
            f"Warning: nobody is recognised by face {each.face_id} in {photo}: "
            f"it is too poor (quality {quality.score:.2f}{reasons}). Confirm a better one too."
        )
    if len(faces) > _POOR:
        yield f"Warning: nor by {count(len(faces) - _POOR, 'more face')} as poor."
