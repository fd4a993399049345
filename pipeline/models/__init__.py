"""The networks: which there are, where their weights come from, how each is built and run.

OpenVINO with its companion package ``openvino_telemetry`` reports its import to a web service and writes a
client id into the home folder. Nothing may leave the machine, so this package hides the companion before
OpenVINO is imported. It also hides OpenVINO's converter of other frameworks' models, which nothing here
calls: without it the import takes half the time.
"""

import sys

for name in ("openvino_telemetry", "openvino.tools.ovc"):
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes the import fail
