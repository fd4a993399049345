"""How fine the pixels must be that a face is cut from.

    python -m benchmarks.fineness [--photos FOLDER] [--models sface,facenet] [--cache FOLDER]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does. Each face is found in
the photo as it is, and cut from copies of the photo that are coarser and coarser. *Fineness* is the number of
pixels of the copy for each pixel of the crop, along a side: below one, the crop is drawn larger than its
source. The descriptors of the coarse crops are compared with each other, and with those of the photo as it
is (*mixed*): the part of one person's pairs told at a false match rate of 1e-3 and of 1e-4, of all pairs.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.crops import PHOTOS, Sample, gather, make_detector
from benchmarks.process import print_table
from faceindex.accuracy.verification import compare_all, verify
from pipeline.description.crop import cut, placement
from pipeline.description.embedder import Embedder, load_embedder
from pipeline.models.registry import CropProtocol, spec
from pipeline.models.runtime import Precision, RuntimeOptions, has_native_bf16
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, DecodedPhoto

SCALES = (1.0, 0.7, 0.5, 0.35)
RATES = (1e-3, 1e-4)


def coarse(photo: DecodedPhoto, scale: float) -> DecodedPhoto:
    if scale == 1:
        return photo
    size = (round(photo.size.width * scale), round(photo.size.height * scale))
    pixels = cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA)
    return replace(photo, pixels=np.asarray(pixels), scale=size[0] / photo.size.width)


def fineness(samples: Sequence[Sample], protocol: CropProtocol, scale: float) -> float:
    """The median over faces, each by its coarser direction."""
    finest = [
        np.linalg.norm(placement(each.face, protocol, each.photo.size)[:, :2], axis=0).max()
        for each in samples
    ]
    return scale / float(np.median(finest))


def describe(embedder: Embedder, samples: Sequence[Sample], scale: float) -> F32:
    crops = [cut(coarse(each.photo, scale), each.face, embedder.protocol) for each in samples]
    chunks = [np.stack(crops[start : start + 64]) for start in range(0, len(crops), 64)]
    return np.concatenate([embedder.embed(chunk) for chunk in chunks])


def told(vectors: F32, people: Sequence[str]) -> list[str]:
    found = verify(compare_all(vectors, people))
    if found is None:
        raise SystemExit("there are no two photos of one person")
    by_rate = {each.far: each.tar for each in found.operating}
    return [f"{by_rate[rate]:.4f}" for rate in RATES]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--models", default="sface,facenet")
    parser.add_argument("--cache", type=Path, help="a cache folder of faceindex, with fetched weights")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        samples = gather(arguments.photos, None, make_detector(cache))
        people = [sample.person for sample in samples]
        lines = []
        for name in arguments.models.split(","):
            precision: Precision = "bf16" if has_native_bf16() else "f32"
            options = RuntimeOptions(cache, threads=0, streams=1, precision=precision)
            embedder = load_embedder(spec(name), WeightsStore(cache), options)
            vectors = {scale: describe(embedder, samples, scale) for scale in SCALES}
            every_other = (np.arange(len(samples)) % 2 == 0)[:, None]
            for scale, coarser in vectors.items():
                mixed = np.where(every_other, coarser, vectors[1.0])
                fine = fineness(samples, embedder.protocol, scale)
                cosine = float((coarser * vectors[1.0]).sum(axis=1).mean())
                rates = [*told(coarser, people), *told(mixed, people)]
                lines.append([name, f"{scale:g}", f"{fine:.2f}", f"{cosine:.4f}", *rates])
    heading = ["model", "copy", "fineness", "cosine to the photo as it is"]
    heading += ["TAR at 1e-3", "at 1e-4", "mixed, at 1e-3", "at 1e-4"]
    print_table(heading, lines)


if __name__ == "__main__":
    main()
