"""The networks: which there are, where their weights come from, how each is built and run.

Importing OpenVINO with its companion package ``openvino_telemetry`` present reports the import to a
web service and writes a client id into the home folder. This project promises that nothing leaves
the machine, so this package, which is imported before any module in it can import OpenVINO, hides
the companion; OpenVINO then uses the silent stand-in it brings along for that case.

It hides OpenVINO's converter of other frameworks' models too, which nothing here calls: OpenVINO goes
without, and its import takes half the time.
"""

import sys

for name in ("openvino_telemetry", "openvino.tools.ovc"):
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes the import fail
