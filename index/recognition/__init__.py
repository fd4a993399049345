"""Who a face is: galleries of known persons, thresholds, calibration, adapted models."""
