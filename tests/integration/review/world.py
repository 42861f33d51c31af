"""The review service on real PostgreSQL and S3, asked over its own HTTP with real actor tokens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select

from contracts.case import (
    EvidenceItem,
    Facts,
    FileFacts,
    Organiser,
    PhotoFacts,
    PreciseDate,
    PrivateField,
    Role,
    ScanFacts,
    ScanPage,
    Snapshot,
    Training,
    WorkInterval,
    Zone,
    canonical,
)
from contracts.commands import CommandName, PrepareRequest, PrepareResult
from contracts.commands import Role as Desk
from contracts.lifecycle import ActionRequiredBy, CaseRef, Stage, Status, Transition, application_id
from contracts.review import CancelTasks, OpenDefence, OpenOutsideDecision, OpenPortfolio, OpenQualification
from kit.db import Database
from kit.settings import Settings
from kit.storage import ObjectStore
from kit.tables import outbox, task
from kit.tokens import SYSTEM, Actor, mint_actor
from rules.pack import LoadedPack, from_canonical, load
from services.review import api
from services.review.service import ReviewService

ROOT = Path(__file__).parents[3]
PDF = b"%PDF-1.7 scan"


def sample_pack() -> LoadedPack:
    """The real pack with the rubrics' open maxima filled, and one check that no correction can cure."""
    tree = json.loads(load(ROOT / "rulepacks" / "chongqing-2024").canonical())
    for rubric in tree["pack"]["rubrics"]:
        rubric["placeholder"] = False
        share, rest = divmod(100, len(rubric["lines"]))
        for index, line in enumerate(rubric["lines"]):
            line["max"] = str(share + (rest if index == 0 else 0))
    tree["pack"]["limits"]["review"] = "P3D"  # no calendar of holidays: the tests run in any year
    forged = next(one for one in tree["pack"]["checks"] if one["id"] == "Q9")
    tree["pack"]["checks"].append(
        {**forged, "id": "E9", "clause": "E9", "curable": False, "name": "材料真实"}
    )
    return from_canonical(json.dumps(tree, ensure_ascii=False).encode())


def sample_snapshot(number: str, unit: str, **changes: Any) -> Snapshot:
    """A junior application that meets every rule."""
    fields = {
        "name": "测甲",
        "gender": "female",
        "birth_date": "1990-01-01",
        "ethnicity": "汉族",
        "education": "bachelor",
        "degree": "无",
        "school": "测试大学",
        "kind": "school",
        "unit": unit,
        "unit_address": "渝中区测试路1号",
        "district": "yuzhong",
        "position": "无",
        "title": "无",
        "teaching_subject": "科学",
    }
    values: dict[str, Any] = {
        "application_number": number,
        "level": "junior",
        "fields": fields,
        "private_fields": {
            one: PrivateField(filled=True)
            for one in ("id_number", "phone", "email", "postal_address", "postcode")
        },
        "photo_file_id": "photo",
        "declarations": ("conduct", "no_violation", "truthful", "voluntary", "refund", "publicity"),
        "work": (WorkInterval(id="w1", start=PreciseDate.parse("2020-09"), unit=unit, file_ids=("fw",)),),
        "trainings": (
            Training(
                id="t1",
                title="培训",
                date=PreciseDate.parse("2024-05"),
                hours=Decimal(40),
                organisers=(Organiser(name="科协", system="association"),),
                certificate=True,
                named_person="测甲",
                file_ids=("ft",),
            ),
        ),
        "conditions": (
            EvidenceItem(
                id="b1",
                section="B",
                kind="activity",
                title="科技节",
                date=PreciseDate.parse("2024-04"),
                role=Role.first_instructor,
                named_person="测甲",
                file_ids=("fb",),
            ),
        ),
        "evidence": (
            EvidenceItem(
                id="c1",
                section="C",
                kind="c1",
                title="测甲指导的作品",
                date=PreciseDate.parse("2023-04"),
                named_person="测甲",
                file_ids=("fc",),
            ),
        ),
    }
    return Snapshot(**{**values, **changes})


def sample_facts(sha256: str) -> Facts:
    """Every file opens, shows the name, and is the same small PDF."""
    file = FileFacts(
        opens=True,
        media_type="application/pdf",
        bytes=len(PDF),
        sha256=sha256,
        pages=1,
        text_names=("测甲",),
        text_source="layer",
    )
    sure = Zone(found=True, confidence=0.99)
    page = ScanPage(number=1, version=1, code_ok=True, signature=sure, seal=Zone(found=None))
    return Facts(
        files=dict.fromkeys(("fw", "ft", "fb", "fc", "photo", "scan"), file),
        photo=PhotoFacts(width=413, height=579, faces=1, centred=True, sharpness=99),
        scan=ScanFacts(file_ids=("scan",), expected_pages=1, expected_version=1, seal_page=1, pages=(page,)),
    )


class World:
    """One round with its pack; people are random accounts."""

    def __init__(
        self, service: ReviewService, db: Database, store: ObjectStore, minting: Settings, settings: Settings
    ) -> None:
        self.service, self.db, self.store = service, db, store
        self._minting = minting
        self.round_id = uuid4()
        self.secretariat = Actor(subject=uuid4(), role=Desk.secretariat)
        self.pack: LoadedPack = sample_pack()
        self._pack_key = self._file_key = ""
        transport = httpx.ASGITransport(api.make_app(settings, db, service))
        self._http = httpx.AsyncClient(transport=transport, base_url="http://review")
        self._seq = 0

    async def prepare_content(self) -> None:
        await self.store.ensure_buckets()
        self._pack_key = await self.store.put_content(self.pack.canonical(), "application/json")
        self._file_key = await self.store.put_content(PDF, "application/pdf")

    async def close(self) -> None:
        await self._http.aclose()

    # HTTP -----------------------------------------------------------------------------------------------

    async def ask(
        self, actor: Actor, method: str, path: str, body: Any = None, **more: Any
    ) -> httpx.Response:
        token = mint_actor(self._minting, actor, "review")
        headers = {"authorization": f"Bearer {token}"}
        return await self._http.request(method, path, json=body, headers=headers, **more)

    async def get(self, actor: Actor, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; fails when it is a refusal."""
        answer = await self.ask(actor, method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def refused(self, actor: Actor, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = await self.ask(actor, method, path, body)
        return answer.status_code, answer.json().get("code")

    async def register(self, role: str, unit: str, **more: Any) -> Actor:
        """A new account in the registry."""
        actor = Actor(subject=uuid4(), role=role)
        await self.get(
            self.secretariat, "PUT", f"/experts/{actor.subject}", {"unit": unit, "role": role, **more}
        )
        return actor

    # What the workflow would do -------------------------------------------------------------------------

    async def case(
        self, number: str, unit: str = "重庆市渝中区测试小学", level: str = "junior", **changes: Any
    ) -> CaseRef:
        """An application with snapshot and facts in the content store."""
        snapshot = sample_snapshot(number, unit, level=level, **changes)
        facts = sample_facts(self._file_key.removeprefix("sha256/"))
        return CaseRef(
            application_id=application_id(self.round_id, uuid4()),
            round_id=self.round_id,
            application_number=number,
            level=level,
            pack_key=self._pack_key,
            snapshot_key=await self.store.put_content(canonical(snapshot), "application/json"),
            facts_key=await self.store.put_content(canonical(facts), "application/json"),
        )

    async def changed(self, case: CaseRef, **changes: Any) -> CaseRef:
        """The case after a correction."""
        before = Snapshot.model_validate_json(await self.store.get_content(case.snapshot_key or ""))
        snapshot = before.model_copy(update={"version": 2, **changes})
        key = await self.store.put_content(canonical(snapshot), "application/json")
        return case.model_copy(update={"snapshot_key": key})

    def step(self, stage: Stage) -> Transition:
        self._seq += 1
        return Transition(
            seq=self._seq,
            stage=stage,
            status=Status.under_review,
            action_required_by=ActionRequiredBy.reviewer,
        )

    async def open_qualification(
        self, case: CaseRef, look: int = 1, decision_key: str | None = None, *, attempt: int = 1, **more: Any
    ) -> UUID:
        """Opens a look; its task."""
        request = OpenQualification(
            key=f"{case.application_id}:{attempt}:{look}",
            attempt=attempt,
            **more,
            case=case,
            transition=self.step(Stage.qualification),
            look=look,
            decision_key=decision_key,
        )
        await self.service.qualifications.open(request)
        await self.service.qualifications.open(request)  # every activity may be repeated
        return await self._task(case, "qualification")

    async def open_portfolio(self, case: CaseRef) -> None:
        request = OpenPortfolio(
            key=f"{case.application_id}:7", case=case, transition=self.step(Stage.portfolio)
        )
        await self.service.assessments.open_portfolio(request)
        await self.service.assessments.open_portfolio(request)

    async def open_defence(self, case: CaseRef) -> None:
        request = OpenDefence(key=f"{case.application_id}:8", case=case, transition=self.step(Stage.defence))
        await self.service.assessments.open_defence(request)
        await self.service.assessments.open_defence(request)

    async def open_outside(self, case: CaseRef) -> None:
        request = OpenOutsideDecision(
            key=f"{case.application_id}:3", case=case, transition=self.step(Stage.outside_decision)
        )
        await self.service.registry.open_outside_decision(request)

    async def cancel(self, case: CaseRef) -> None:
        request = CancelTasks(key=f"{case.application_id}:9", case=case)
        await self.service.assessments.cancel_tasks(request)
        await self.service.assessments.cancel_tasks(request)

    async def _task(self, case: CaseRef, kind: str) -> UUID:
        query = select(task.c.id).where(
            task.c.target_id == case.application_id,
            task.c.kind == kind,
            task.c.state.in_(("open", "claimed")),
        )
        async with self.db.read() as session:
            found: UUID = (await session.execute(query)).scalar_one()
        return found

    # What a reviewer and the gateway do -----------------------------------------------------------------

    async def decide(
        self, reviewer: Actor, task: UUID, outcome: str, *flags: dict[str, Any], unmet: tuple[str, ...] = ()
    ) -> tuple[int, list[str]]:
        """Claims, reads, answers every finding that is not flagged, confirms the rules, saves: fence, obstacles."""
        fence = (await self.get(reviewer, "POST", f"/tasks/{task}/claim"))["fence"]
        seen = await self.get(reviewer, "GET", f"/tasks/{task}")
        told = {(one["check_id"], one.get("item_id"), one.get("field")) for one in flags}
        findings = {
            (one["check_id"], one["item_id"], one["field"])
            for one in seen["findings"]
            if one["verdict"] != "ok"
        }
        answered = [
            {"check_id": check, "item_id": item, "field": field, "reason": "已核对"}
            for check, item, field in sorted(findings - told, key=str)
        ]
        body = {
            "fence": fence,
            "outcome": outcome,
            "flags": flags,
            "rules": [
                {"rule_id": one["rule_id"], "met": one["rule_id"] not in unmet} for one in seen["rules"]
            ],
            "answered": answered,
            "accepted": [
                one["check_id"]
                for one in seen["checks"]
                if not one["per_rule"] and one["check_id"] not in {flag["check_id"] for flag in flags}
            ],
        }
        saved = await self.get(reviewer, "PUT", f"/tasks/{task}/decision", body)
        return fence, [one["code"] for one in saved["obstacles"]]

    async def send(
        self,
        reviewer: Actor,
        case: CaseRef,
        task: UUID,
        fence: int,
        *,
        command_id: UUID | None = None,
        path: str = "prepare",
    ) -> PrepareResult:
        """What the dispatcher does with `decide_qualification`."""
        request = PrepareRequest(
            command_id=command_id or uuid4(),
            name=CommandName.decide_qualification,
            target_id=case.application_id,
            round_id=case.round_id,
            subject=reviewer.subject,
            role=Desk.reviewer,
            body={"task_id": str(task), "fence": fence},
            received_at=datetime(2025, 3, 1, tzinfo=UTC),
        )
        answer = await self.get(SYSTEM, "POST", f"/internal/{path}", request.model_dump(mode="json"))
        return PrepareResult.model_validate(answer)

    # What an expert does --------------------------------------------------------------------------------

    async def sheet(self, expert: Actor, case: CaseRef) -> dict[str, Any] | None:
        """The expert's open sheet of this case, from their queue."""
        queue = await self.get(expert, "GET", "/tasks?limit=200")
        mine = [one for one in queue["tasks"] if one["application_id"] == str(case.application_id)]
        return mine[0] if mine else None

    async def mark(self, expert: Actor, task: str, percent: int) -> dict[str, Any]:
        """Claims the sheet, gives `percent` of each line's maximum, submits."""
        fence = (await self.get(expert, "POST", f"/tasks/{task}/claim"))["fence"]
        shown = await self.get(expert, "GET", f"/tasks/{task}")
        scores = {line["id"]: str(float(line["max"]) * percent / 100) for line in shown["lines"]}
        await self.get(expert, "PUT", f"/tasks/{task}/sheet", {"fence": fence, "scores": scores})
        submitted: dict[str, Any] = await self.get(expert, "POST", f"/tasks/{task}/submit", {"fence": fence})
        return submitted

    async def sent(self, case: CaseRef) -> list[tuple[str, dict[str, Any]]]:
        """Outbox rows of a case in their order: commands with their body, events with their data."""
        query = select(outbox.c.kind, outbox.c.body).where(outbox.c.target_id == case.application_id)
        async with self.db.read() as session:
            rows = (await session.execute(query.order_by(outbox.c.position))).all()
        return [
            (body["name"], body["body"]) if kind == "command" else (body["type"], body["data"])
            for kind, body in rows
        ]
