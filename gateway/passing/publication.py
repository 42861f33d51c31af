"""Publication: public notices, final lists. Certificates stand in `certificates`."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import publication
from gateway.passing.row import Row
from gateway.policy import Owner

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
)
