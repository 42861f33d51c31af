"""Whether a case that is lost for good may be taken out of the ranking, and how far that is (O2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.commands import CommandName, Role
from contracts.lifecycle import Stage, application_workflow_id
from gateway import windowing, words
from gateway.guard import Caller
from gateway.parts import Parts
from gateway.web.console import reading, steps

REASONS = ("system_fault", "files_lost", "unreachable", "left_certification")
"""Codes; `words.REASON` says them."""
_STAGES = frozenset(
    {
        Stage.qualification,
        Stage.correction,
        Stage.outside_decision,
        Stage.exam,
        Stage.portfolio,
        Stage.defence,
        Stage.totals,
    }
)


async def of_case(
    parts: Parts, caller: Caller, application_id: UUID, given: Mapping[str, str] | None
) -> dict[str, Any]:
    """What the case's page shows of it: where it stands, its own windows, the step out of the ranking."""
    async with parts.db.read() as session:
        known = await parts.read_model.case(session, application_id)
    windows = (await windowing.listed(parts, [application_id])).windows
    step = steps.newest(await steps.about(parts, application_id, CommandName.exclude))
    office = Role.secretariat in caller.known.roles
    return {
        "known_case": known,
        "own_windows": windows,
        "exclusion": step,
        "may_exclude": office and known is not None and known.stage in _STAGES,
        "may_extend": office,
        "exclude_reasons": {code: words.REASON[code] for code in REASONS},
        "exclude_given": given or {},
        "flow": reading.flow_link(parts.settings, caller, application_workflow_id(application_id)),
    }
