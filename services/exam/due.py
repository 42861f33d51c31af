"""Due rows of the exam: a sitting closes by itself."""

from collections.abc import Mapping

from kit.due import DueHandler
from services.exam.service import CLOSE, ExamService


def handlers(service: ExamService) -> Mapping[str, DueHandler]:
    """What happens when a row of each kind falls due."""
    return {CLOSE: service.close_sitting}
