"""Use-cases of review, one group a file."""

from contracts.commands import CommandName, PrepareRequest, PrepareResult
from contracts.registration import Done
from kit.db import Database
from kit.errors import DomainError, Kind
from services.review.adapters import Content
from services.review.service.assessment import Assessments
from services.review.service.colleagues import Colleagues
from services.review.service.corrections import Corrections
from services.review.service.hearings import Hearings
from services.review.service.office import Office
from services.review.service.panels import Panels
from services.review.service.parts import DRAW, OVERDUE, Parts
from services.review.service.progress import Progress
from services.review.service.qualification import Qualifications
from services.review.service.registry import Registry
from services.review.service.sheetdesk import Sheets
from services.review.service.workdesk import Workdesk
from services.review.settings import ReviewSettings

__all__ = [
    "DRAW",
    "OVERDUE",
    "Assessments",
    "Colleagues",
    "Corrections",
    "Hearings",
    "Office",
    "Panels",
    "Parts",
    "Progress",
    "Qualifications",
    "Registry",
    "ReviewService",
    "Sheets",
    "Workdesk",
]


class ReviewService:
    """The service as a whole, built once per process."""

    def __init__(self, db: Database, content: Content, settings: ReviewSettings) -> None:
        parts = Parts(db=db, content=content, settings=settings)
        self.content = content
        self.qualifications = Qualifications(parts)
        self.assessments = Assessments(parts)
        self.colleagues = Colleagues(parts, self.qualifications)
        self.sheets = Sheets(parts)
        self.progress = Progress(parts)
        self.panels = Panels(parts)
        self.workdesk = Workdesk(parts, self.qualifications, self.colleagues, self.sheets)
        self.corrections = Corrections(parts)
        self.hearings = Hearings(parts)
        self.office = Office(parts, self.assessments)
        self.registry = Registry(parts, self.assessments)

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """What a command needs before the workflow decides; idempotent. DomainError not_ours."""
        prepare = {
            CommandName.decide_qualification: self.qualifications.prepare,
            CommandName.cancel_flags: self.corrections.prepare_cancel,
            CommandName.disqualify: self.hearings.prepare,
        }.get(request.name)
        if prepare is None:
            raise DomainError(Kind.invalid, "not_ours", "这项操作不由审查服务办理。")
        return await prepare(request)

    async def unprepare(self, request: PrepareRequest) -> Done:
        """The workflow refused: what was prepared is as it was; idempotent. DomainError not_ours."""
        undo = {
            CommandName.decide_qualification: self.qualifications.unprepare,
            CommandName.cancel_flags: self.corrections.unprepare_cancel,
            CommandName.disqualify: self.hearings.unprepare,
        }.get(request.name)
        if undo is None:
            raise DomainError(Kind.invalid, "not_ours", "这项操作不由审查服务办理。")
        return await undo(request)
