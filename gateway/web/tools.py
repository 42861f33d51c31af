"""Policy lines and routers of the staff's tools: district view, account recovery, unmasking, imports."""

from __future__ import annotations

from contracts.commands import Role
from gateway.policy import rule
from gateway.web import district_pages

TOOL_MODULES = (district_pages,)
TOOL_RULES = (
    rule("GET", "/staff/district", Role.district, Role.secretariat, Role.supervisor),
    rule("GET", "/staff/district/people.xlsx", Role.district, Role.secretariat, Role.supervisor),
)
