"""Exam and scoring: sittings, the candidate's paper, ranking, own scores."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import exam, scoring, sittings
from gateway.passing.common import APPLICANT, OFFICE, OWN, XLSX
from gateway.passing.queries import RankingQuery
from gateway.passing.row import Row
from gateway.policy import Owner

_RESULTS = (Role.secretariat, Role.approver, Role.supervisor)
_SEES_SITTINGS = (Role.secretariat, Role.operator, Role.supervisor, Role.approver)

EXAM = (
    Row(
        method="GET",
        path="/rounds/{round_id}/sittings",
        service="exam",
        roles=_SEES_SITTINGS,
        owner=Owner.round,
        answer=exam.Sittings,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/rounds/{round_id}/sittings/{sitting_id}/detail",
        service="exam",
        roles=_SEES_SITTINGS,
        owner=Owner.round,
        answer=sittings.SittingDetail,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/rounds/{round_id}/sittings/{level}/statistics",
        service="exam",
        roles=_RESULTS,
        owner=Owner.round,
        answer=sittings.ExamStatistics,
        errors=(404,),
    ),
    Row(
        method="POST",
        path="/rounds/{round_id}/sittings/{level}/announce",
        service="exam",
        roles=OFFICE,
        owner=Owner.round,
        body=sittings.AnnounceSitting,
        answer=exam.Sitting,
    ),
    Row(
        method="POST",
        path="/rounds/{round_id}/sittings/{sitting_id}/excuses",
        service="exam",
        roles=OFFICE,
        owner=Owner.round,
        body=sittings.FileExcuse,
        answer=sittings.Excuse,
        status=201,
    ),
    Row(
        method="POST",
        path="/rounds/{round_id}/excuses/{excuse_id}/grant",
        service="exam",
        roles=(Role.approver,),
        owner=Owner.round,
        body=sittings.DecideExcuse,
        answer=sittings.Excuse,
    ),
    Row(
        method="POST",
        path="/rounds/{round_id}/excuses/{excuse_id}/refuse",
        service="exam",
        roles=(Role.approver,),
        owner=Owner.round,
        body=sittings.DecideExcuse,
        answer=sittings.Excuse,
    ),
    Row(
        method="POST",
        path="/rounds/{round_id}/sittings/{level}/open",
        service="exam",
        roles=OFFICE,
        owner=Owner.round,
        body=exam.OpenSitting,
        body_optional=True,
        answer=exam.Sitting,
    ),
    Row(
        method="POST",
        path="/rounds/{round_id}/sittings/{level}/extend",
        service="exam",
        roles=OFFICE,
        owner=Owner.round,
        body=exam.ExtendSitting,
        answer=exam.Sitting,
    ),
    Row(
        method="GET",
        path="/applications/{application_id}/exam",
        service="exam",
        roles=APPLICANT,
        owner=OWN,
        answer=exam.Exam,
        errors=(404,),
    ),
    Row(
        method="POST",
        path="/applications/{application_id}/exam/start",
        service="exam",
        roles=APPLICANT,
        owner=OWN,
        answer=exam.Exam,
    ),
    Row(
        method="PUT",
        path="/applications/{application_id}/exam/answers/{item_id}",
        service="exam",
        roles=APPLICANT,
        owner=OWN,
        body=exam.SaveAnswer,
        answer=exam.AnswerSaved,
    ),
    Row(
        method="POST",
        path="/applications/{application_id}/exam/finish",
        service="exam",
        roles=APPLICANT,
        owner=OWN,
        answer=exam.Exam,
    ),
)

SCORING = (
    Row(
        method="GET",
        path="/rounds/{round_id}/ranking",
        service="scoring",
        roles=_RESULTS,
        owner=Owner.round,
        query=RankingQuery,
        answer=scoring.Ranking,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/rounds/{round_id}/ranking.xlsx",
        service="scoring",
        roles=_RESULTS,
        owner=Owner.round,
        media=XLSX,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/applications/{application_id}/scores",
        service="scoring",
        roles=APPLICANT,
        owner=OWN,
        answer=scoring.OwnScores,
        errors=(404,),
    ),
)
