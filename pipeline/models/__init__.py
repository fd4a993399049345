"""The networks: a registry of them, their weights, and how each is built and run.

With its companion package ``openvino_telemetry``, OpenVINO reports its import to a web service and writes a
client id into the home folder. Nothing may leave the machine, so this package hides the companion before
OpenVINO is imported. It also hides OpenVINO's unused converter, which doubles the time of the import.
"""

import sys

for name in ("openvino_telemetry", "openvino.tools.ovc"):
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes the import fail
