"""What HEIC, camera raw and films cost beside JPEG, and whether the same faces are found in them."""
