"""Examples of what complaints send and store; `examples.py` adds them to the others."""

from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel

from contracts import complaints, publication
from contracts.complaints import ComplaintOutcome, ComplaintStage

COMPLAINT = UUID("7b7c8f0e-5d2a-5c11-9b9e-2d6f6b1d0c11")
ROUND = UUID("01948c00-0000-7000-8000-000000000001")
APPLICATION = UUID("2f6f3c53-8a43-5c0b-9d0e-5f4b0c7a1d02")
ENTRY = UUID("01948c00-0000-7000-8000-00000000000b")
DECIDE_BY = datetime(2025, 4, 17, 16, 0, tzinfo=UTC)
ANSWER_BY = datetime(2025, 4, 2, 16, 0, tzinfo=UTC)

REF = complaints.ComplaintRef(complaint_id=COMPLAINT, round_id=ROUND)
MOVE = complaints.ComplaintMove(
    seq=3,
    stage=ComplaintStage.hearing,
    decide_by=DECIDE_BY,
    application_id=APPLICATION,
    answer_by=ANSWER_BY,
    entry_id=ENTRY,
)
ENDED = MOVE.model_copy(
    update={
        "seq": 5,
        "stage": ComplaintStage.ended,
        "extended": True,
        "overdue": True,
        "outcome": ComplaintOutcome.upheld,
        "disqualify": True,
    }
)


def of_complaints() -> dict[str, BaseModel]:
    return {
        "ComplaintRef": REF,
        "ComplaintMove": MOVE,
        "ComplaintMove.ended": ENDED,
        "ComplaintPrepared": complaints.ComplaintPrepared(decide_by=DECIDE_BY, application_id=APPLICATION),
        "HearingPrepared": complaints.HearingPrepared(answer_by=ANSWER_BY),
        "ExtensionPrepared": complaints.ExtensionPrepared(decide_by=DECIDE_BY),
        "OpenComplaint": complaints.OpenComplaint(),
        "AcceptComplaint": complaints.AcceptComplaint(application_id=APPLICATION),
        "RestOnEntry": complaints.RestOnEntry(entry_id=ENTRY),
        "CloseHearing": complaints.CloseHearing(),
        "DecideComplaint": complaints.DecideComplaint(
            outcome=ComplaintOutcome.partly_upheld, entry_id=ENTRY, disqualify=True
        ),
        "Unhold": complaints.Unhold(reference=COMPLAINT),
    }


def move_complaint() -> publication.MoveComplaint:
    return publication.MoveComplaint(key=f"{COMPLAINT}:3", complaint=REF, move=MOVE)
