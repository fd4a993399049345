"""A library's own model: a linear map of descriptors, learned from the confirmed people of the library.

adaptation          the use case
triplet_loss        learns a map, with TensorFlow
cross_validation    tests such a map on people it was not learned from
threshold_transfer  thresholds after the map
"""
