"""All routes of the REST API."""

from fastapi import APIRouter

from faceindex.web.api import ask, decisions, library, people, photos
from faceindex.web.api.answers import PROBLEMS

router = APIRouter(prefix="/api", responses=PROBLEMS)

for _each in (people, photos, ask, decisions, library):
    router.include_router(_each.router)
