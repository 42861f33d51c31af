"""Rows that fall due: the limit of a complaint is near, the last morning of an explanation."""

from collections.abc import Mapping

from kit.due import DueHandler
from services.publication.service import ComplaintMoves
from services.publication.service.complaint_moves import LAST_MORNING
from services.publication.service.complaints import SOON


def handlers(moves: ComplaintMoves) -> Mapping[str, DueHandler]:
    """Handlers by kind of row."""
    return {SOON: moves.soon, LAST_MORNING: moves.hearing_last}
