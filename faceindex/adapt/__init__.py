"""A library's own model: a linear map of its descriptors, learned from the people that are confirmed in it.

adaptation          the use case
triplet_loss        learns a map, with TensorFlow
cross_validation    tells whether a map so learned helps people it was not learned from
threshold_transfer  what similarity means after the map
"""
