"""Options of ``scan`` that are settings or that the library keeps: how photos are read, and which ones."""

from typing import Annotated, Literal, TypeAlias

import typer

Model: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Model of a new library: a name from 'faceindex models list'.", show_default="auto"),
]
Detector: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Find the faces of a new library with 'cascade', 'yunet' or 'mtcnn'.", show_default="cascade"
    ),
]
Runtime: TypeAlias = Annotated[
    str | None, typer.Option(help="Run the model with 'openvino' or 'tensorflow'.", show_default="openvino")
]
Device: TypeAlias = Annotated[
    str | None, typer.Option(help="Run the networks on 'cpu' or 'gpu'.", show_default="cpu")
]
Workers: TypeAlias = Annotated[
    int | None,
    typer.Option(help="Process this many photos at a time. 0 means one for each core.", show_default="0"),
]
LongEdge: TypeAlias = Annotated[
    int | None,
    typer.Option(help="Shrink photos to this long edge, in pixels, to look for faces.", show_default="1600"),
]
SmallestFace: TypeAlias = Annotated[
    float | None,
    typer.Option(help="Ignore faces smaller than this in the shrunk photo.", show_default="20 with mtcnn"),
]
MaxMegapixels: TypeAlias = Annotated[
    float | None, typer.Option(help="Skip photos above this many megapixels.", show_default="400")
]
Thorough: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--thorough", help="Look at 3 frames a second of films, not 1; also of films known already."
    ),
]
Motion: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--motion/--no-motion",
        help="Look at the films of motion photos and live photos too, also of photos known already. "
        "The library keeps this.",
        show_default="no-motion",
    ),
]
Raw: TypeAlias = Annotated[
    Literal["developed", "both"] | None,
    typer.Option(
        help="Camera raw beside a JPEG or HEIC of the same name: read the 'developed' photo only, or 'both'. "
        "The library keeps this.",
        show_default="developed",
    ),
]
