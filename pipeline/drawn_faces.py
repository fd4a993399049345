"""Looks at faces that people drew in photos and films: finds their landmarks, and describes them by these.

A drawn face without landmarks is nothing that a model could compare. This module must not know who is in the
boxes, nor where they are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.decoding.decoders import Decoder, Decoders
from pipeline.detection.detections import Detections
from pipeline.memory import memory_errors
from pipeline.models.registry import CropProtocol
from pipeline.networks import NetworkLoader
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import (
    Box,
    DecodedPhoto,
    Descriptor,
    DetectedFace,
    DrawnFace,
    PhotoFile,
    Size,
    moment_alone,
)

LEAST_SIDE = 4.0
"""Shorter side of a box, pixels, below which nothing is sought in it."""


@dataclass(frozen=True, slots=True)
class DrawnFaces:
    """Looks at drawn faces. Shared by threads; ``crop`` is how the model wants faces cut out."""

    networks: NetworkLoader
    decoders: Decoders
    crop: CropProtocol

    def look_at(
        self, file: PhotoFile, boxes: Sequence[Box], others: Sequence[Box] = ()
    ) -> tuple[DrawnFace, ...]:
        """Look at boxes, in pixels of the upright, full-size photo, each with its moment if it is a film.

        ``others`` are the faces that are known already: none of them is the one in a box.

        Raises:
            PhotoError: The file, or a moment of it, cannot be read.
            ModelError: Weights are missing or wrong.
        """
        self.networks.start()
        with OpenPhoto(file) as photo, self.decoders.lend() as decoder, memory_errors():
            return tuple(self._look_at(photo, decoder, box, others) for box in boxes)

    def _look_at(self, photo: OpenPhoto, decoder: Decoder, box: Box, others: Sequence[Box]) -> DrawnFace:
        if box.moment is None:
            decoded = decoder.decode(photo, None)
        else:
            decoded = replace(decoder.frame_at(photo, box.moment, None), moment=box.moment)
        drawn = clipped_to(box, decoded.size)
        described = self._described(decoded, drawn, others)
        return DrawnFace(photo.file, decoded.digest, decoded.picture, decoded.size, drawn, described)

    def _described(self, photo: DecodedPhoto, drawn: Box, others: Sequence[Box]) -> Descriptor | None:
        """Describe the face in a box by the place where it was found, and place it where it was drawn."""
        from pipeline.description.quality import crop_and_assess  # it brings OpenCV

        networks = self.networks.loaded()
        if networks.load_search is None or min(drawn.w, drawn.h) < LEAST_SIDE:
            return None
        known = [_scaled(each, photo.scale) for each in others]
        found = networks.load_search().find(photo.pixels, _scaled(drawn, photo.scale), known)
        for face in _faces(found.scaled(np.full(2, 1 / photo.scale))):
            cropped = crop_and_assess(photo, face, self.crop)
            vector = networks.embedder.embed(cropped.pixels[None])[0]
            placed = replace(face, box=drawn)
            seen = None if drawn.moment is None else moment_alone(drawn, face.landmarks)
            return Descriptor(placed, cropped.quality, networks.embedder.model_id, vector, seen)
        return None


def clipped_to(box: Box, size: Size) -> Box:
    """Return the part of a box that is in a photo of this size; without area if there is none."""
    left, right = (min(max(each, 0.0), float(size.width)) for each in (box.x, box.x + box.w))
    top, bottom = (min(max(each, 0.0), float(size.height)) for each in (box.y, box.y + box.h))
    return Box(left, top, right - left, bottom - top, box.moment)


def _scaled(box: Box, scale: float) -> Box:
    return Box(box.x * scale, box.y * scale, box.w * scale, box.h * scale, box.moment)


def _faces(found: Detections) -> list[DetectedFace]:
    rows = zip(found.boxes.tolist(), found.landmarks, found.probabilities.tolist(), strict=True)
    return [
        DetectedFace(Box(x1, y1, x2 - x1, y2 - y1), landmarks, probability)
        for (x1, y1, x2, y2), landmarks, probability in rows
    ]
