"""Loads detectors by name, on one thread."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

from pipeline.detection.detector import DetectionOptions, Detector, DetectorName
from pipeline.detection.detectors import load_detector
from pipeline.models.runtime import Precision, RuntimeOptions


def load(name: str, cache: Path, precision: Precision) -> Detector:
    """Load NAME, NAME:LONG_EDGE or NAME:LONG_EDGE:SMALLEST_FACE."""
    asked, *sizes = name.split(":")
    known: dict[str, DetectorName] = {each: each for each in get_args(DetectorName)}
    if asked not in known:
        raise SystemExit(f"{asked} is no detector: there are {', '.join(known)}.")
    options = DetectionOptions(known[asked])
    if sizes:
        options = replace(options, long_edge=int(sizes[0]))
    if len(sizes) > 1:
        options = replace(options, smallest_face=float(sizes[1]))
    return load_detector(options, RuntimeOptions(cache, threads=1, streams=1, precision=precision))
