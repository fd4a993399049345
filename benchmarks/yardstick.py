"""Runs the tutorials' stack on some photos, and notes the boxes it finds.

    python -m benchmarks.yardstick SEED_STACK BOXES PHOTO...

SEED_STACK is the script with the stack: mtcnn on full-size pixels, one face at a time through VGGFace
ResNet-50. It is run as it is; its detector is listened to, and the boxes of each call go to BOXES as JSON
lines, in pixels of the photo as stored. What the script prints is passed on.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import mtcnn


def main() -> None:
    script, boxes, *photos = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("seed_stack", script)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{script} is no Python script")
    stack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stack)
    original = mtcnn.MTCNN.detect_faces
    with Path(boxes).open("w") as file:

        def listened(self: Any, pixels: Any, *args: Any, **kwargs: Any) -> Any:
            found = original(self, pixels, *args, **kwargs)
            file.write(json.dumps([[int(side) for side in face["box"]] for face in found]) + "\n")
            return found

        mtcnn.MTCNN.detect_faces = listened
        sys.argv = [script, *photos]
        stack.main()


if __name__ == "__main__":
    main()
