"""``python -m faceindex``: the command line, where its script is not on the path."""

from faceindex.cli import main

main()
