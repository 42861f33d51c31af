"""Use-cases of review, one group a file."""

from kit.db import Database
from services.review.adapters import Content
from services.review.service.assessment import Assessments
from services.review.service.parts import DRAW, OVERDUE, Parts
from services.review.service.qualification import Qualifications
from services.review.service.registry import Registry
from services.review.service.workdesk import Workdesk
from services.review.settings import ReviewSettings

__all__ = [
    "DRAW",
    "OVERDUE",
    "Assessments",
    "Parts",
    "Qualifications",
    "Registry",
    "ReviewService",
    "Workdesk",
]


class ReviewService:
    """The service as a whole, built once per process."""

    def __init__(self, db: Database, content: Content, settings: ReviewSettings) -> None:
        parts = Parts(db=db, content=content, settings=settings)
        self.content = content
        self.qualifications = Qualifications(parts)
        self.assessments = Assessments(parts)
        self.workdesk = Workdesk(parts, self.qualifications)
        self.registry = Registry(parts, self.assessments)
