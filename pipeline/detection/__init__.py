"""From pixels to faces: bounding boxes, landmarks and confidence."""
