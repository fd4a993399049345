"""A library's own model: a linear map of its descriptors, learned from the people that are confirmed in it.

triplet     learns a map, with TensorFlow
trial       tells whether a map so learned helps people it never saw
scale       what similarity means after the map
adaptation  the use case
"""
