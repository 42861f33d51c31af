"""2,000 applications of ten items each: how long the list and one form take while 50 people look at them.

The whole system runs as `fudao up` runs it. 50 applications are made through the public API; the others are their
copies in the tables of registration and of the read model, which the list counts and pages over. The baseline is the
start page under the same crowd: what the portal needs for a page without an application.
"""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.crowd import Visitor, visit
from bench.table import Line, Table
from cli.demo.applicants import Applicant, log_in, now
from cli.demo.board import Board, until
from cli.demo.client import Http
from cli.demo.driver import PACK
from cli.demo.office import Office, staff_session
from cli.demo.script import cast
from cli.embedded import Embedded
from cli.embedded.migrations import root
from contracts.commands import Role
from contracts.http.gateway import CreateStaff, ExtendWindow, Staff, WindowView
from contracts.http.registration import ChangeForm, FormSaved
from contracts.lifecycle import Route
from gateway.settings import GatewaySettings
from rules.exam import bank
from rules.pack import load

APPLICATIONS, ITEMS, USERS = 2_000, 10, 50
THINK, SECONDS = 5.0, 90.0
P95 = 300.0
"""Milliseconds."""
_STAFF = 10
"""Of the users: as many look at the list, the others at their form."""


class _Silent:
    """Progress is not shown here."""

    def begin(self, title: str, total: int) -> None: ...
    def step(self, title: str) -> None: ...
    def end(self, title: str) -> None: ...


def run() -> Table:
    """Starts the system, fills it, lets the crowd in."""
    return asyncio.run(_run())


async def _run() -> Table:
    with tempfile.TemporaryDirectory(prefix="fudao-bench-") as folder:
        async with Embedded(Path(folder) / "data", durable=False) as system:
            async with Http(system.addresses.portal) as http:
                visitors = await _fill(system, http)
            cookie = GatewaySettings().cookie
            waits = await visit(
                system.addresses.portal, visitors, think=THINK, seconds=SECONDS, cookie=cookie
            )
    if waits.failures:
        raise RuntimeError(f"{len(waits.failures)} answers were no pages, such as {waits.failures[0]}")
    base = waits.p95("start")
    return Table(
        title=f"{APPLICATIONS:,} applications, {USERS} users, {THINK:.0f} s think time: milliseconds at p95",
        baseline="the start page in the same crowd",
        lines=[
            Line(
                name=f"{name} ({len(waits.seconds[name])} times)",
                ours=waits.p95(name),
                baseline=base,
                limit=P95,
            )
            for name in ("list", "list, last page", "form", "section C", "explanation")
        ],
    )


async def _fill(system: Embedded, http: Http) -> list[Visitor]:
    loaded = load(root() / "rulepacks" / PACK)
    board = Board(seed="bench", pack=loaded.pack, bank=bank(loaded), http=http, show=_Silent())
    office = await Office.open(board, system.secrets.operator_token)
    await office.open_round(PACK)
    later = ExtendWindow(closes_at=now() + timedelta(hours=6), reason="测量：申报窗口不应在测量中关闭")
    await office.secretary.send("POST", f"/rounds/{board.round_id}/windows/filing/extend", WindowView, later)
    # the direct route asks for no items of section C
    personas = [one for one in cast("bench", 2 * USERS, loaded.pack) if one.route is Route.regular]
    visitors: list[Visitor] = []
    first: UUID | None = None
    for persona in personas[: USERS - _STAFF]:
        one = Applicant(board, persona, await log_in(http, office.operator, persona.person.phone))
        await one.identify()
        await one.apply()
        await one.look()
        await _write(one)
        first = first or one.application_id
        visitors.append(_applicant(one))
    assert first is not None
    district = loaded.pack.districts[0].id
    await _copy(system.admin_dsn(), first, APPLICATIONS - len(visitors), district)
    reader = await _reader(http, office, district, board.round_id)
    return [*visitors, *[reader] * _STAFF]


async def _write(one: Applicant) -> None:
    """Ten items in section C, by one change."""
    changes = {
        f"evidence.c{n}": {
            "kind": f"c{n % 6 + 1}",
            "title": f"指导学生完成科技创新项目第{n}项",
            "date": f"2024-{n % 12 + 1:02}",
            "tier": "provincial",
            "named_person": one.persona.person.name,
        }
        for n in range(ITEMS)
    }
    known = ChangeForm(version=1, changes=changes)
    await one.caller.send("PATCH", f"{one.at}/form", FormSaved, known)


def _applicant(one: Applicant) -> Visitor:
    at, api = f"/my/applications/{one.application_id}", f"/api/v1{one.at}"
    return Visitor(
        token=one.caller.token,
        paths=[
            ("start", "/"),
            ("form", f"{at}/form"),
            ("section C", f"{at}/form/C"),
            ("explanation", f"{api}/explanation"),
        ],
    )


async def _reader(http: Http, office: Office, district: str, round_id: UUID) -> Visitor:
    """Who looks at the list: the district association, which has all of the copies."""
    body = CreateStaff(
        username="district1",
        password=office.password,
        roles=(Role.district,),
        display_name="区县 测量员",
        unit="区县协会",
        district=district,
    )
    await office.operator.send("POST", "/staff", Staff, body)
    caller = await staff_session(http, "district1", office.password)
    first, last = f"/staff/district?round={round_id}", f"/staff/district?round={round_id}&page=40"
    return Visitor(token=caller.token, paths=[("list", first), ("list, last page", last), ("start", "/")])


_COPY = """
do $$
declare one record; person uuid; made uuid;
begin
  for n in 1..{count} loop
    person := gen_random_uuid(); made := gen_random_uuid();
    insert into registration.person select (jsonb_populate_record(p, jsonb_build_object(
        'id', person, 'id_hash', person::text, 'phone_hash', null, 'district', '{district}'))).*
      from registration.person p join registration.application a on a.person_id = p.id where a.id = '{first}';
    insert into registration.application select (jsonb_populate_record(a, jsonb_build_object(
        'id', made, 'person_id', person, 'number', format('2024-Z-%s', lpad(n::text, 5, '0'))))).*
      from registration.application a where id = '{first}';
    insert into registration.draft select (jsonb_populate_record(d, jsonb_build_object('application_id', made))).*
      from registration.draft d where application_id = '{first}';
    insert into readmodel.person values (
        person, format('教师%s', n), format('第%s小学', n % 97), '{district}', public.fudao_now());
    insert into readmodel.known_case select (jsonb_populate_record(c, jsonb_build_object(
        'application_id', made, 'person_id', person,
        'application_number', format('2024-Z-%s', lpad(n::text, 5, '0'))))).*
      from readmodel.known_case c where application_id = '{first}';
  end loop;
end $$
"""


async def _copy(dsn: str, first: UUID, count: int, district: str) -> None:
    """Copies of one application with people of their own. What is private in them opens for nobody: it is not read."""
    connection = await asyncpg.connect(dsn)

    async def arrived() -> bool | None:
        query = "select true from readmodel.known_case where application_id = $1"
        found: bool | None = await connection.fetchval(query, first)
        return found

    try:
        await until(arrived)  # the event is on its way
        await connection.execute(_COPY.format(count=count, first=first, district=district))
        await connection.execute("analyze")
    finally:
        await connection.close()
