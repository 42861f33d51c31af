"""The policy table is complete and exact: every route stands in it, and nothing in it is without a route."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Mount

from contracts.commands import COMMANDS, CommandName, Role
from contracts.http.outside import MAX_IMPORT_BYTES
from contracts.http.review import MAX_DOCUMENT_BYTES
from gateway.api.commands import OTHER_DOOR
from gateway.app import body_limits, make_app, policy_of
from gateway.guard import GuardedRoute
from gateway.intake.waiting import Answers
from gateway.parts import Parts
from gateway.policy import Access, Owner, Policy, Rule
from gateway.settings import GatewaySettings
from kit.db import Database
from kit.http import ServiceClient
from kit.http.limits import BODY_LIMIT
from kit.storage import ObjectStore
from rules.cache import Packs
from tests.integration.gateway.world import FakeReadModel

UNGUARDED = {"/health/live", "/health/ready", "/metrics", "/openapi.json", "/internal/commands", "/static"}
"""Routes of kit and intake, and static files: they stand in the table too, but check by themselves."""


def app_of(*, embedded: bool) -> FastAPI:
    """The whole application; nothing is connected."""
    settings = GatewaySettings(embedded=embedded)
    database, store = Database(settings), ObjectStore(settings)
    return make_app(
        Parts(
            settings=settings,
            db=database,
            store=store,
            services=ServiceClient(settings),
            answers=Answers(database),
            packs=Packs(store.get_content),
            read_model=FakeReadModel(),
        )
    )


def routes_of(app: FastAPI) -> Iterator[tuple[str, str, type]]:
    """Method, full path and class of every route, also of included routers."""

    def walk(router: APIRouter | FastAPI) -> Iterator[tuple[str, str, type]]:
        for route in router.routes:
            included = getattr(route, "original_router", None)
            if included is not None:
                yield from walk(included)
            elif isinstance(route, Mount):
                yield "GET", route.path, Mount
            else:
                for method in sorted(getattr(route, "methods", None) or ()):
                    yield method, route.path, type(route)  # type: ignore[attr-defined]

    yield from walk(app)


@pytest.mark.parametrize("embedded", [True, False])
def test_every_route_is_in_the_table_and_every_line_has_a_route(embedded: bool) -> None:
    routes = [(method, path) for method, path, _ in routes_of(app_of(embedded=embedded))]
    assert len(routes) == len(set(routes))
    assert set(routes) == set(policy_of(embedded=embedded).rules)


def test_every_route_is_guarded_or_named_here() -> None:
    plain = {path for _, path, kind in routes_of(app_of(embedded=True)) if not issubclass(kind, GuardedRoute)}
    assert plain == UNGUARDED


def test_a_route_without_a_rule_is_found() -> None:
    app = app_of(embedded=True)
    forgotten = APIRouter(route_class=GuardedRoute)
    forgotten.add_api_route("/api/v1/forgotten", lambda: None)
    app.include_router(forgotten)
    routes = {(method, path) for method, path, _ in routes_of(app)}
    assert routes - set(policy_of(embedded=True).rules) == {("GET", "/api/v1/forgotten")}


def test_whatever_names_an_application_is_checked_for_its_owner() -> None:
    for (method, path), rule in policy_of(embedded=True).rules.items():
        if "{application_id}" in path:
            assert rule.owner is Owner.application, (method, path)


def test_public_writes_are_few() -> None:
    table = policy_of(embedded=True).rules
    writes = {
        path for (method, path), rule in table.items() if rule.access is Access.public and method == "POST"
    }
    assert writes == {
        "/api/v1/auth/code",
        "/api/v1/auth/join",
        "/api/v1/auth/session",
        "/api/v1/auth/staff-session",
        "/api/v1/setup",
        "/api/v1/public/complaints",
        "/api/v1/public/complaints/progress",
        "/api/v1/public/complaints/reply",
        "/api/v1/payments/callback/{provider}",
        "/api/v1/public/certificates/check",
        "/complaints",
        "/complaints/progress",
        "/complaints/reply",
        "/login",
        "/login/code",
        "/recover",
        "/recover/code",
        "/recover/details",
        "/setup",
        "/staff/join",
        "/staff/login",
        "/staff/login/code",
        "/verify/file",
    }


def test_command_routes_have_the_roles_of_their_commands() -> None:
    table = policy_of(embedded=False).rules
    for name, spec in COMMANDS.items():
        found = [
            rule
            for (_, path), rule in table.items()
            if path.endswith(f"/commands/{name}") and "/api/" in path
        ]
        if name in OTHER_DOOR:
            assert found == []
        else:
            assert [set(rule.roles) for rule in found] == [set(spec.roles)]
            assert found[0].max_body == 1024
    machine = next(
        rule for (_, path), rule in table.items() if path.endswith(f"/commands/{CommandName.issue}")
    )
    assert machine.roles == (Role.system,)


def test_two_rules_for_one_route_are_refused() -> None:
    line = Rule(method="GET", path="/x", roles=(Role.operator,))
    with pytest.raises(ValueError, match="two rules"):
        Policy([line, line])


def test_openapi_declares_types_and_every_error() -> None:
    document = app_of(embedded=False).openapi()
    assert "/internal/commands" not in document["paths"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/api/"):
                continue
            rule = policy_of(embedded=False).of(method.upper(), path)
            assert rule is not None
            declared = set(operation["responses"])
            if rule.access is Access.roles:
                assert {"401", "403"} <= declared or method == "get", (path, declared)
            if rule.owner is not Owner.nobody:
                assert "404" in declared, (path, declared)
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], (path, status)


def test_bodies_in_openapi_are_typed() -> None:
    document = app_of(embedded=False).openapi()
    bodies = {
        path: next(iter(operation["requestBody"]["content"].values()))["schema"]
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if path.startswith("/api/") and "requestBody" in operation
    }
    untyped = {path for path, schema in bodies.items() if not ({"$ref", "anyOf"} & set(schema))}
    assert untyped == {
        "/api/v1/documents",
        "/api/v1/payments/callback/{provider}",
        "/api/v1/money/bills",
        "/api/v1/money/invoices/{invoice_id}/pdf",
        "/api/v1/money/statements",
        "/api/v1/public/certificates/check",
    }


def test_what_a_rule_allows_as_a_body_is_let_in() -> None:
    policy = policy_of(embedded=True)
    let_in = body_limits(policy)
    refused = {
        one.path: one.max_body
        for one in policy.rules.values()
        if (one.max_body or 0) > max(BODY_LIMIT, let_in.get(one.path, 0))
    }
    assert refused == {}
    assert let_in["/api/v1/documents"] == MAX_DOCUMENT_BYTES
    assert let_in["/staff/imports"] > MAX_IMPORT_BYTES
    assert let_in["/recover/code"] == BODY_LIMIT  # whoever is not logged in sends files in the last step only
