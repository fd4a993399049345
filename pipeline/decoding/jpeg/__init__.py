"""JPEG, whole or cut."""
