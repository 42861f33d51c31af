"""What a two-person proposal is about, so that whoever decides it need not look up an ID (O2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.commands import CommandName, Role, TargetKind
from contracts.http.bars import Bars, BarView
from contracts.http.certificates import Rulings, RulingView
from contracts.http.desk import Hearing, Hearings
from contracts.http.gateway import Proposal, ProposalState
from gateway import proposals
from gateway.guard import Caller, not_found
from gateway.parts import Parts
from gateway.web.public_pages import rounds_of
from kit.errors import DomainError, Kind

_LISTED = 50
_BARS = (CommandName.bar_person, CommandName.lift_bar)
_SHOWN_AT = {
    CommandName.release_ranking: "ranking",
    CommandName.confirm_posted: "notice",
    CommandName.publish_final_list: "final-list",
}
_DOCUMENTS = ("document_key", "proof_key")
_RULINGS = (CommandName.revoke_certificate, CommandName.reissue_certificate)
_UNSAID = frozenset(
    {*_DOCUMENTS, "decision_key", "hearing_id", "bar_id", "ruling_id", "correction_id", "grades_key"}
)
"""Said by a link, or by the thing itself."""
OPENS_CASES = frozenset({Role.secretariat, Role.reviewer, Role.supervisor})
"""Who may open the office's page of a case."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A proposal with its application or round in words. `case`: the address of its page, for who may open it."""

    proposal: Proposal
    number: str | None
    case: str | None
    round: str | None
    about: str | None
    """Where the thing itself is shown: the ranking, the public list."""
    bar: BarView | None
    hearing: Hearing | None
    ruling: RulingView | None
    pairs: Sequence[tuple[str, Any]]

    @property
    def has_document(self) -> bool:
        if self.ruling is not None:
            return self.ruling.document_key is not None
        return self.bar is not None or key_in(self.proposal.body) is not None


async def lines(parts: Parts, caller: Caller) -> list[Line]:
    """The newest proposals. What a service cannot tell now is left out."""
    async with parts.db.read() as session:
        page = await proposals.listed(session, state=None, cursor=None, limit=_LISTED)
        found = page.proposals
        numbers: dict[UUID, str] = {}
        for target in {one.target_id for one in found if one.target_kind is TargetKind.application}:
            known = await parts.read_model.case(session, target)
            if known is not None and known.application_number is not None:
                numbers[target] = known.application_number
    titles = await _titles(parts)
    bars = {
        one.id: one
        for round_id in {row.round_id for row in found if row.name in _BARS}
        for one in await _bars(parts, caller, round_id)
    }
    heard = await _hearings(parts, caller, found)
    ruled = await _rulings(parts, caller, found)
    may_open = bool(OPENS_CASES.intersection(caller.known.roles))
    return [
        _line(one, numbers, titles, bars, heard, ruled.get(_ruling_of(one)), may_open=may_open)
        for one in found
    ]


def _line(
    one: Proposal,
    numbers: Mapping[UUID, str],
    titles: Mapping[UUID, str],
    bars: Mapping[UUID, BarView],
    heard: Mapping[str, Hearing],
    ruling: RulingView | None,
    *,
    may_open: bool,
) -> Line:
    of_case = one.target_kind is TargetKind.application
    return Line(
        proposal=one,
        number=numbers.get(one.target_id, str(one.target_id)) if of_case else None,
        case=f"/staff/cases/{one.target_id}" if of_case and may_open else None,
        round=titles.get(one.round_id),
        about=f"/staff/rounds/{one.round_id}/{_SHOWN_AT[one.name]}" if one.name in _SHOWN_AT else None,
        bar=bars.get(UUID(one.body["bar_id"])) if one.name in _BARS else None,
        hearing=heard.get(str(one.body.get("hearing_id"))),
        ruling=ruling,
        pairs=[(name, value) for name, value in one.body.items() if name not in _UNSAID],
    )


def key_in(body: Mapping[str, Any]) -> str | None:
    """The document that a body names."""
    return next((str(body[name]) for name in _DOCUMENTS if body.get(name)), None)


async def document_of(parts: Parts, caller: Caller, one: Proposal) -> str:
    """The key of the document that a proposal rests on: its own, or that of its bar. 404."""
    key = key_in(one.body)
    if key is None and one.name in _BARS:
        bars = await _bars(parts, caller, one.round_id)
        key = next((bar.document_key for bar in bars if str(bar.id) == one.body["bar_id"]), None)
    if key is None and one.name in _RULINGS:
        ruling = (await _rulings(parts, caller, [one])).get(_ruling_of(one))
        key = ruling.document_key if ruling is not None else None
    if key is None:
        raise not_found()
    return key


def _ruling_of(one: Proposal) -> str:
    return str(one.body.get("ruling_id"))


async def _rulings(parts: Parts, caller: Caller, found: Sequence[Proposal]) -> dict[str, RulingView]:
    """By ID: rulings on certificates that these proposals are to make effective (C4)."""
    told: dict[str, RulingView] = {}
    for application_id in {one.target_id for one in found if one.name in _RULINGS}:
        try:
            answer = await parts.services.request(
                "publication",
                "GET",
                f"/applications/{application_id}/certificate-rulings",
                actor=caller.actor(),
            )
        except DomainError as error:
            if error.kind not in (Kind.not_found, Kind.unavailable):
                raise
            continue
        told |= {str(one.id): one for one in Rulings.model_validate_json(answer.content).rulings}
    return told


async def _bars(parts: Parts, caller: Caller, round_id: UUID) -> tuple[BarView, ...]:
    try:
        answer = await parts.services.request(
            "registration", "GET", f"/rounds/{round_id}/bars", actor=caller.actor()
        )
    except DomainError as error:
        if error.kind not in (Kind.not_found, Kind.unavailable):
            raise
        return ()
    return Bars.model_validate_json(answer.content).bars


async def _hearings(parts: Parts, caller: Caller, found: Sequence[Proposal]) -> dict[str, Hearing]:
    """By ID: those that open proposals rest on, with what the applicant said (E9)."""
    cases = {one.target_id for one in found if one.state is ProposalState.open and one.body.get("hearing_id")}
    told: dict[str, Hearing] = {}
    for application_id in cases:
        try:
            answer = await parts.services.request(
                "review", "GET", f"/applications/{application_id}/hearings", actor=caller.actor()
            )
        except DomainError as error:
            if error.kind not in (Kind.not_found, Kind.unavailable):
                raise
            continue
        told |= {str(one.id): one for one in Hearings.model_validate_json(answer.content).hearings}
    return told


async def _titles(parts: Parts) -> dict[UUID, str]:
    try:
        return {one.id: one.title for one in await rounds_of(parts)}
    except DomainError:
        return {}
