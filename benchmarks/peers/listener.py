"""Runs the script of a stack as it is, and notes the faces that it finds in each photo.

    python -m benchmarks.peers.listener KIND SCRIPT NOTES [--vectors] PATH...

KIND says what is listened to: ``opencv``, ``face_recognition`` or ``tutorials``. NOTES gets a JSON line for
each photo: its path, the boxes of its faces as x, y, w, h in pixels of the full-size photo as the stack reads
it, and with ``--vectors`` the descriptors as the network gives them. What the script prints is passed on.
This runs in the environment of the stack, and must import nothing of faceindex.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any


class Notes:
    """Notes photo by photo; processes that are forked share the file, and each writes whole lines."""

    def __init__(self, path: Path, *, with_vectors: bool) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        self._with_vectors = with_vectors
        self._photo: str | None = None
        self._boxes: list[list[float]] = []
        self._vectors: list[list[float]] = []

    def begin(self, photo: str) -> None:
        """End the notes of the photo before, and begin with the next one."""
        self.end()
        self._photo = photo

    def end(self) -> None:
        """Write the notes of the photo, if there is one."""
        if self._photo is not None:
            line = {"photo": self._photo, "boxes": self._boxes, "vectors": self._vectors}
            os.write(self._file, (json.dumps(line) + "\n").encode())
        self._photo, self._boxes, self._vectors = None, [], []

    def add_box(self, sides: Iterable[Any]) -> None:
        """Note a face of the photo, if there is one."""
        if self._photo is not None:
            self._boxes.append([float(side) for side in sides])

    def add_vector(self, vector: Any) -> None:
        """Note a descriptor, if there is a photo and descriptors are asked for."""
        if self._photo is not None and self._with_vectors:
            self._vectors.append([float(number) for number in vector])


def listen_in_workers(stack: ModuleType, notes: Notes, listen: Callable[[], None]) -> None:
    """Have each process of the stack's pool call ``listen`` once it has started, and note each photo."""
    start, look_at = stack.start, stack.look_at

    @wraps(start)
    def started() -> None:
        start()
        listen()

    @wraps(look_at)
    def looked_at(path: str) -> Any:
        notes.begin(path)
        found = look_at(path)
        notes.end()
        return found

    stack.start, stack.look_at = started, looked_at  # type: ignore[attr-defined]


def opencv(stack: ModuleType, notes: Notes) -> None:
    class Recogniser:
        """The stack's recogniser, listened to: it is given each face's row, scaled to the full size."""

        def __init__(self, original: Any) -> None:
            self._original = original

        def alignCrop(self, image: Any, row: Any) -> Any:  # noqa: N802 - OpenCV's name
            notes.add_box(row[:4])
            return self._original.alignCrop(image, row)

        def feature(self, crop: Any) -> Any:
            vectors = self._original.feature(crop)
            notes.add_vector(vectors[0])
            return vectors

    def listen() -> None:
        stack.recogniser = Recogniser(stack.recogniser)  # type: ignore[attr-defined]

    listen_in_workers(stack, notes, listen)


def face_recognition(stack: ModuleType, notes: Notes) -> None:
    def listen() -> None:
        library = stack.face_recognition
        load, encode = library.load_image_file, library.face_encodings
        full_size = 0

        def loaded(path: str) -> Any:
            nonlocal full_size
            image = load(path)
            full_size = max(image.shape)
            return image

        def encoded(image: Any, places: Any) -> Any:
            scale = full_size / max(image.shape)
            for top, right, bottom, left in places:
                notes.add_box(scale * side for side in (left, top, right - left, bottom - top))
            vectors = encode(image, places)
            for vector in vectors:
                notes.add_vector(vector)
            return vectors

        library.load_image_file, library.face_encodings = loaded, encoded

    listen_in_workers(stack, notes, listen)


def tutorials(stack: ModuleType, notes: Notes) -> None:
    import mtcnn

    find, load, detect = stack.photos, stack.load_vggface, mtcnn.MTCNN.detect_faces
    waiting: list[str] = []  # nothing before the photos are listed: the stack warms up first

    def listed(*arguments: Any) -> Any:
        found = find(*arguments)
        waiting.extend(map(str, reversed(found)))
        return found

    def detected(self: Any, pixels: Any) -> Any:
        faces = detect(self, pixels)
        if waiting:
            notes.begin(waiting.pop())
        for face in faces:
            x, y, w, h = face["box"]
            if pixels[max(y, 0) : y + h, max(x, 0) : x + w].size:  # the stack describes no other
                notes.add_box(face["box"])
        return faces

    def loaded() -> Any:
        network, preprocess = load()

        def made(*arguments: Any, **options: Any) -> Any:
            model = network(*arguments, **options)
            predict = model.predict

            def predicted(*crops: Any, **options: Any) -> Any:
                vectors = predict(*crops, **options)
                notes.add_vector(vectors[0])
                return vectors

            model.predict = predicted
            return model

        return made, preprocess

    stack.photos, stack.load_vggface = listed, loaded  # type: ignore[attr-defined]
    mtcnn.MTCNN.detect_faces = detected


KINDS = {"opencv": opencv, "face_recognition": face_recognition, "tutorials": tutorials}


def main() -> None:
    kind, script, path, *arguments = sys.argv[1:]
    with_vectors = arguments[0] == "--vectors"
    spec = importlib.util.spec_from_file_location("stack", script)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{script} is no Python script")
    stack = importlib.util.module_from_spec(spec)
    sys.modules["stack"] = stack  # processes of a pool find functions by the name of their module
    spec.loader.exec_module(stack)
    notes = Notes(Path(path), with_vectors=with_vectors)
    KINDS[kind](stack, notes)
    sys.argv = [script, *arguments[with_vectors:]]
    stack.main()
    notes.end()


if __name__ == "__main__":
    main()
