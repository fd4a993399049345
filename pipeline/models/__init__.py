"""The networks: a registry of them, their weights, and how each is built and run.

OpenVINO's companion package ``openvino_telemetry`` reports its import to a web service and writes a client id
into the home folder. This package hides it before OpenVINO is imported, as nothing may leave the machine, and
hides the unused converter too, which doubles the import time.
"""

import sys

for name in ("openvino_telemetry", "openvino.tools.ovc"):
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes the import fail
