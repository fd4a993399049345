"""The pages of ``faceindex serve`` and its REST API: routes over ``faceindex.library``, and who may use them.

Only the command ``serve`` imports this package, as FastAPI takes half a second.
"""
