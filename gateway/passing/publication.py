"""Publication: public notices, final lists. Certificates stand in `certificates`."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import complaints, publication
from gateway.passing.common import APPLICANT, OWN
from gateway.passing.queries import ComplaintsQuery
from gateway.passing.row import Row
from gateway.policy import Owner

_COMMITTEE = (Role.supervisor,)

PUBLICATION = (
    Row(
        method="GET",
        path="/public/notices",
        service="publication",
        public=True,
        answer=publication.Notices,
        errors=(),
    ),
    Row(
        method="GET",
        path="/public/notices/{notice_id}",
        service="publication",
        public=True,
        answer=publication.Notice,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/public/rounds/{round_id}/final-list",
        service="publication",
        public=True,
        answer=publication.FinalList,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/rounds/{round_id}/notice",
        service="publication",
        roles=(Role.secretariat, Role.approver, Role.supervisor),
        owner=Owner.round,
        answer=publication.Notice,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/complaints",
        service="publication",
        roles=_COMMITTEE,
        query=ComplaintsQuery,
        answer=complaints.ComplaintPage,
        errors=(),
    ),
    Row(
        method="GET",
        path="/complaints/{complaint_id}",
        service="publication",
        roles=_COMMITTEE,
        answer=complaints.ComplaintView,
        errors=(404,),
    ),
    Row(
        method="POST",
        path="/complaints/{complaint_id}/entries",
        service="publication",
        roles=_COMMITTEE,
        body=complaints.NewEntry,
        answer=complaints.EntrySaved,
        status=201,
    ),
    Row(
        method="GET",
        path="/applications/{application_id}/complaints",
        service="publication",
        roles=APPLICANT,
        owner=OWN,
        answer=complaints.AccusedViews,
        errors=(404,),
    ),
    Row(
        method="PUT",
        path="/applications/{application_id}/complaints/{complaint_id}/statement",
        service="publication",
        roles=APPLICANT,
        owner=OWN,
        body=complaints.Statement,
        answer=complaints.AccusedViews,
    ),
)
