"""How far a two-person step is: the newest proposal on it, in the states that pages tell apart (O2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from starlette.datastructures import FormData

from contracts.commands import Accepted, CommandName, CommandState, TargetKind
from contracts.http.gateway import Proposal, ProposalState
from gateway import commands, proposals
from gateway.guard import Caller
from gateway.parts import Parts
from kit.errors import DomainError, Kind


@dataclass(frozen=True, kw_only=True)
class Step:
    """`proposal` None: nobody has proposed it."""

    proposal: Proposal | None = None

    @property
    def state(self) -> str:
        """`none`, `waits` for the other person, `under_way`, `stuck`, `done`, `failed` (rejected or refused)."""
        one = self.proposal
        if one is None:
            return "none"
        if one.state is ProposalState.open:
            return "waits"
        receipt = one.receipt
        if one.state is ProposalState.rejected or receipt is None:
            return "failed"
        if receipt.outcome is None:
            return "stuck" if receipt.state is CommandState.quarantined else "under_way"
        return "done" if isinstance(receipt.outcome, Accepted) else "failed"

    @property
    def may_propose(self) -> bool:
        return self.state in ("none", "failed")

    @property
    def why(self) -> str | None:
        """Why the last proposal came to nothing."""
        return proposals.why_not(self.proposal) if self.state == "failed" else None


def newest(found: Iterable[Proposal], **body: Any) -> Step:
    """Of proposals with the newest first: the first whose body says so."""
    for one in found:
        if all(one.body.get(name) == value for name, value in body.items()):
            return Step(proposal=one)
    return Step()


async def about(parts: Parts, target_id: UUID, name: CommandName) -> tuple[Proposal, ...]:
    async with parts.db.read() as session:
        return await proposals.about(session, target_id, name)


def confirmed(form: FormData, then: str = "再提议") -> None:
    """422 `not_confirmed`."""
    if form.get("confirmed") != "1":
        raise DomainError(Kind.invalid, "not_confirmed", f"请先看清后果并勾选确认，{then}。", "O2")


def key_of(form: FormData) -> str:
    """The page's key: a second click is the same proposal or command."""
    return str(form.get("key") or uuid4())[:64]


async def propose(
    parts: Parts,
    caller: Caller,
    kind: TargetKind,
    target_id: UUID,
    round_id: UUID,
    name: CommandName,
    body: dict[str, Any],
    key: str,
    *,
    once_for: str | None = None,
) -> Proposal:
    """Puts it before the approvers; only one may wait. 409 `already_proposed`."""
    command = commands.new_command(
        caller,
        target_kind=kind,
        target_id=target_id,
        round_id=round_id,
        name=name,
        body=body,
        key=key,
    )
    return await proposals.propose(parts, command, once_for=once_for, alone=once_for is None)
