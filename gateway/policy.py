"""The one policy table: which route, for which roles, of whose things. A route that is not here is not served.

Rules of the gateway's own routes stand below; those of routes passed on to services come with their rows
(`gateway/passing`), those of commands from `contracts.commands.COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.commands import Role
from contracts.http.gateway import Awaiting

API = "/api/v1"

PEOPLE = tuple(role for role in Role if role is not Role.system)
STAFF = tuple(role for role in PEOPLE if role is not Role.applicant)
OFFICE = (Role.secretariat, Role.operator)
ENROL = (Awaiting.enrol,)
BEFORE = (Awaiting.code, Awaiting.enrol)
READERS = (Role.secretariat, Role.approver, Role.supervisor, Role.operator)


class Owner(StrEnum):
    """Whose the thing in the path must be; what fails is answered as if it did not exist (404)."""

    nobody = "nobody"
    """Nothing to own: the route itself, or the service behind it, decides by role and subject."""
    application = "application"
    """`application_id`: the applicant's own; for staff it must exist."""
    command = "command"
    """`command_id`: stored by the caller, or of the applicant's own application; readers may see all."""
    round = "round"
    """`round_id`: must be a round of ours."""


class Access(StrEnum):
    """How one gets in at all."""

    roles = "roles"
    public = "public"
    service = "service"
    """A service's token; checked by the route."""
    codec = "codec"
    """Loopback in embedded mode, else staff; checked by the route."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of the table. `roles` in the order in which they are preferred when the caller holds several."""

    method: str
    path: str
    roles: tuple[Role, ...] = ()
    owner: Owner = Owner.nobody
    access: Access = Access.roles
    max_body: int | None = None
    """Bytes; more is 413 `body_too_large`."""
    awaiting: tuple[Awaiting, ...] = ()
    """Also for sessions that still wait for this; for all other routes they are nobody's."""


def rule(
    method: str,
    path: str,
    *roles: Role,
    owner: Owner = Owner.nobody,
    max_body: int | None = None,
    awaiting: tuple[Awaiting, ...] = (),
) -> Rule:
    return Rule(method=method, path=path, roles=roles, owner=owner, max_body=max_body, awaiting=awaiting)


def public(method: str, path: str, awaiting: tuple[Awaiting, ...] = ()) -> Rule:
    return Rule(method=method, path=path, access=Access.public, awaiting=awaiting)


API_RULES: tuple[Rule, ...] = (
    public("POST", f"{API}/auth/code"),
    public("POST", f"{API}/auth/session"),
    public("POST", f"{API}/auth/staff-session"),
    rule("DELETE", f"{API}/auth/session", *PEOPLE, awaiting=BEFORE),
    public("POST", f"{API}/auth/join"),
    public("POST", f"{API}/setup"),
    rule("GET", f"{API}/me", *PEOPLE),
    rule("POST", f"{API}/me/password", *STAFF),
    rule("POST", f"{API}/me/second-factor", *STAFF, awaiting=ENROL),
    rule("PUT", f"{API}/me/second-factor", *STAFF, awaiting=ENROL),
    rule("POST", f"{API}/me/second-factor/codes", *STAFF),
    rule("POST", f"{API}/me/second-factor/remove", *STAFF),
    rule("POST", f"{API}/staff", Role.operator),
    rule("GET", f"{API}/staff", Role.operator, Role.secretariat),
    rule("PUT", f"{API}/staff/{{account_id}}/roles", Role.operator),
    rule("POST", f"{API}/staff/{{account_id}}/disable", Role.operator),
    rule("POST", f"{API}/staff/{{account_id}}/enable", Role.operator),
    rule("POST", f"{API}/staff/{{account_id}}/link", Role.operator),
    rule("POST", f"{API}/staff/{{account_id}}/second-factor/reset", Role.operator),
    rule("POST", f"{API}/rounds", *OFFICE),
    rule("POST", f"{API}/rounds/{{round_id}}/applications", Role.applicant, owner=Owner.round, max_body=1024),
    rule("GET", f"{API}/rounds/{{round_id}}/windows", *PEOPLE, owner=Owner.round),
    rule("POST", f"{API}/rounds/{{round_id}}/windows/{{stage}}/extend", Role.secretariat, owner=Owner.round),
    rule("GET", f"{API}/rounds/{{round_id}}/cases", *READERS, Role.district, owner=Owner.round),
    rule("GET", f"{API}/rounds/{{round_id}}/call-list", Role.secretariat, owner=Owner.round),
    rule(
        "GET",
        f"{API}/rounds/{{round_id}}/districts/{{district}}",
        Role.district,
        Role.secretariat,
        Role.supervisor,
        owner=Owner.round,
    ),
    rule("GET", f"{API}/rounds/{{round_id}}/funnel", *READERS, Role.district, owner=Owner.round),
    rule("GET", f"{API}/applications", Role.applicant),
    rule("GET", f"{API}/applications/{{application_id}}", Role.applicant, *READERS, owner=Owner.application),
    rule(
        "GET",
        f"{API}/applications/{{application_id}}/windows",
        Role.applicant,
        *READERS,
        owner=Owner.application,
    ),
    rule(
        "POST",
        f"{API}/applications/{{application_id}}/windows/{{stage}}/extend",
        Role.secretariat,
        owner=Owner.application,
    ),
    rule(
        "GET",
        f"{API}/applications/{{application_id}}/history",
        Role.applicant,
        *READERS,
        owner=Owner.application,
    ),
    rule("GET", f"{API}/rounds/{{round_id}}/history", *READERS, owner=Owner.round),
    rule(
        "POST",
        f"{API}/rounds/{{round_id}}/history-sheets",
        Role.secretariat,
        Role.supervisor,
        owner=Owner.round,
    ),
    public("GET", f"{API}/public/rounds/{{round_id}}/history-sheets"),
    public("GET", f"{API}/public/rounds/{{round_id}}/announcements"),
    public("GET", f"{API}/public/rounds/{{round_id}}/announcements/{{announcement_id}}"),
    rule("POST", f"{API}/rounds/{{round_id}}/announcements", Role.secretariat, owner=Owner.round),
    rule(
        "POST",
        f"{API}/rounds/{{round_id}}/announcements/{{announcement_id}}/versions",
        Role.secretariat,
        owner=Owner.round,
    ),
    public("GET", f"{API}/public/history-sheets/{{sheet_id}}"),
    public("POST", f"{API}/public/complaints"),
    public("POST", f"{API}/public/complaints/progress"),
    public("POST", f"{API}/public/complaints/reply"),
    rule("GET", f"{API}/commands/{{command_id}}", *PEOPLE, owner=Owner.command),
    rule("POST", f"{API}/commands/{{command_id}}/retry", *OFFICE),
    rule("POST", f"{API}/commands/{{command_id}}/refuse", *OFFICE),
    rule("GET", f"{API}/proposals", Role.approver, Role.secretariat, Role.supervisor, Role.operator),
    rule("GET", f"{API}/proposals/{{proposal_id}}", Role.approver, Role.secretariat, Role.supervisor),
    rule("POST", f"{API}/proposals/{{proposal_id}}/approve", Role.approver),
    rule("POST", f"{API}/proposals/{{proposal_id}}/reject", Role.approver),
)

MACHINE_RULES: tuple[Rule, ...] = (
    Rule(method="POST", path="/internal/commands", access=Access.service),
    Rule(method="POST", path="/codec/encode", access=Access.codec),
    Rule(method="POST", path="/codec/decode", access=Access.codec),
    Rule(method="OPTIONS", path="/codec/{operation}", access=Access.public),
    public("GET", "/health/live"),
    public("GET", "/health/ready"),
    public("GET", "/metrics"),
    public("GET", "/openapi.json"),
    public("HEAD", "/openapi.json"),
)


class Policy:
    """The whole table, by method and path template."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules: Mapping[tuple[str, str], Rule] = _by_route(rules)

    def of(self, method: str, path: str) -> Rule | None:
        return self.rules.get((method, path))


def _by_route(rules: Iterable[Rule]) -> dict[tuple[str, str], Rule]:
    table: dict[tuple[str, str], Rule] = {}
    for one in rules:
        if (one.method, one.path) in table:
            raise ValueError(f"two rules for {one.method} {one.path}")
        if one.access is Access.roles and not one.roles and one.owner is Owner.nobody:
            raise ValueError(f"nobody may call {one.method} {one.path}")
        table[one.method, one.path] = one
    return table
