"""Pictures of faces and photos, by id."""

from fastapi import APIRouter

router = APIRouter(prefix="/media")
