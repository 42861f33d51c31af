"""Plays one round from the opening to the last certificate.

Whatever is slow or killed meanwhile: the same seed gives the same outcomes and digest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

from cli.demo import evidence
from cli.demo.applicants import Applicant, log_in
from cli.demo.board import Board, DemoFailed, Show, until
from cli.demo.client import Http
from cli.demo.desks import Desks
from cli.demo.histories import check_all
from cli.demo.marks import plan
from cli.demo.office import STAFF, Office
from cli.demo.report import Certificate, Result, tally
from cli.demo.script import Kind, Persona, cast
from contracts.http.gateway import CasePage, KnownCase
from contracts.http.scoring import Ranking
from contracts.lifecycle import TERMINAL, RoundStage, Route, Status
from rules.exam import bank
from rules.pack import LoadedPack

PACK = "demo"
Work = Coroutine[Any, Any, None]
T = TypeVar("T")
_LOGINS, _FILERS, _WRITERS, _READERS = 4, 8, 10, 4
_SLOW = {Kind.never_corrects: 0, Kind.withdrawn: 1}
"""Who files first, since much follows; whoever has something to correct comes next."""
_MANY = 40
"""From this many applicants on, somebody is disqualified, too."""
_DOCUMENT = "渝青科教文〔2025〕演示1号"


class Driver:
    """One demo. `play()` returns what came out; DemoFailed, Refusal or Unreachable say what went wrong."""

    def __init__(
        self, http: Http, show: Show, *, seed: str, applicants: int, loaded: LoadedPack, startup: float
    ) -> None:
        self.board = Board(
            seed=seed, pack=loaded.pack, bank=bank(loaded), http=http, show=show, startup=startup
        )
        self.personas = cast(seed, applicants, loaded.pack)
        self.applicants: list[Applicant] = []
        self.disqualified: set[str] = set()
        self.office: Office

    async def play(self, token: str, folder: Path) -> Result:
        """`token`: of the set-up link. Certificates are put into `folder`."""
        begun = time.monotonic()
        stage = self.board.stage
        self.office = await stage("筹备", Office.open(self.board, token), len(STAFF))
        await self.office.open_round(PACK)
        self.applicants = await stage("登录与实名", self._arrivals(), len(self.personas))
        async with asyncio.TaskGroup() as group:
            group.create_task(stage("申报", self._filing(), len(self.personas)))
            group.create_task(stage("资格审查", self._qualification(), self._looks))
            group.create_task(stage("笔试", self._exams(), sum(one.sits for one in self.personas)))
            group.create_task(stage("评审与答辩", self._assessment(), 0))
        ranking = await stage("排名与公示", self._results(), 6)
        cases = await self._ends()
        sheet = await check_all(self.office, self.applicants)
        certificates = await stage("领取证书", self._certificates(cases, folder), self._certified(cases))
        return Result(
            applicants=len(self.personas),
            by_outcome=tally(cases, [one.id for one in self.board.pack.levels], len(self.personas)),
            digest=ranking.digest,
            certificates=certificates,
            sheet=sheet,
            seconds=round(time.monotonic() - begun, 1),
        )

    # filing -----------------------------------------------------------------------------------------------

    async def _arrivals(self) -> list[Applicant]:
        """Everybody has an account and a proven identity; in whatever order that gets done."""
        here: list[Applicant] = []

        async def arrive(persona: Persona) -> None:
            caller = await log_in(self.board.http, self.office.operator, persona.person.phone)
            applicant = Applicant(self.board, persona, caller)
            await applicant.identify()
            here.append(applicant)
            self.board.show.step("登录与实名")

        await _limited(arrive, self.personas, _LOGINS)
        return sorted(here, key=lambda one: one.persona.order)

    async def _filing(self) -> None:
        """Applying one by one in the seed's order; whoever has applied files, the slow parts first."""
        board = self.board
        board.filing_open = len(self.applicants) + 1
        waiting: asyncio.PriorityQueue[tuple[int, int, Applicant]] = asyncio.PriorityQueue()

        async def file() -> None:
            while board.filing_open:
                try:
                    applicant = (await asyncio.wait_for(waiting.get(), 0.5))[2]
                except TimeoutError:
                    continue
                await applicant.look()
                board.numbered[applicant.number] = applicant.persona
                await applicant.file()
                applicant.filed.set()
                board.filing_open -= 1
                board.show.step("申报")

        async def apply() -> None:
            for applicant in self.applicants:
                await applicant.apply()
                persona = applicant.persona
                first = _SLOW.get(persona.kind, 2 if persona.fault else 3)
                waiting.put_nowait((first, persona.order, applicant))
            board.filing_open -= 1

        async with asyncio.TaskGroup() as group:
            group.create_task(self.office.keep_filing_open())
            group.create_task(apply())
            for _ in range(_FILERS):
                group.create_task(file())
        board.plan = await asyncio.to_thread(plan, board.seed, board.pack, board.numbered)
        board.filing_closed.set()
        late = [one for one in self.applicants if one.persona.kind is Kind.late]
        await asyncio.gather(*(one.too_late() for one in late))

    # qualification ----------------------------------------------------------------------------------------

    @property
    def _looks(self) -> int:
        """Decisions that reviewers have to make."""
        seen = [one for one in self.personas if one.files and one.route is Route.regular]
        seen = [one for one in seen if one.kind is not Kind.withdrawn]
        return len(seen) + sum(one.fault is not None and one.kind is not Kind.never_corrects for one in seen)

    async def _qualification(self) -> None:
        desks = Desks(self.board)
        async with asyncio.TaskGroup() as group:
            for reviewer in self.office.all("reviewer"):
                group.create_task(desks.review(reviewer, self._looks))
            for applicant in self.applicants:
                if work := self._meanwhile(applicant):
                    group.create_task(work)

    def _meanwhile(self, applicant: Applicant) -> Work | None:
        """What besides the reviewers' decisions settles an application."""
        match applicant.persona.kind:
            case Kind.withdrawn:
                return applicant.withdraw()
            case Kind.direct | Kind.direct_refused as kind:
                return self._outside(applicant, accepted=kind is Kind.direct)
            case _ if applicant.persona.fault is not None:
                return applicant.correct(self.office)
        return None

    async def _outside(self, applicant: Applicant, *, accepted: bool) -> None:
        await applicant.filed.wait()
        opinion = "经研究，同意认定。" if accepted else "经研究，不符合破格直接认证的条件。"
        letter = evidence.certificate_pdf([["认定意见", opinion]])
        await self.office.decide_outside(applicant.application_id, accepted=accepted, letter=letter)

    # exam, sheets -----------------------------------------------------------------------------------------

    async def _exams(self) -> None:
        await self.board.filing_closed.wait()
        levels: dict[str, list[Applicant]] = {one.id: [] for one in self.board.pack.levels}
        for one in self.applicants:
            if one.persona.enrolled:
                levels[one.persona.level].append(one)
        self.board.exam_open = {
            level: sum(one.persona.sits for one in mine) for level, mine in levels.items()
        }
        async with asyncio.TaskGroup() as group:
            for level, mine in levels.items():
                if mine:
                    group.create_task(self.office.hold_sitting(level, len(mine)))
                    group.create_task(self._sit(level, [one for one in mine if one.persona.sits]))

    async def _sit(self, level: str, writers: list[Applicant]) -> None:
        await self.board.sitting(level).wait()

        async def sit(applicant: Applicant) -> None:
            await applicant.sit()
            self.board.exam_open[level] -= 1
            if not any(self.board.exam_open.values()):
                self.board.papers_in.set()
            self.board.show.step("笔试")

        await _limited(sit, writers, _WRITERS)

    async def _assessment(self) -> None:
        """Experts begin when all papers are handed in."""
        await self.board.papers_in.wait()
        marks = self.board.the_plan.marks.values()
        wanted = sum(len(one.portfolio) + len(one.defence) for one in marks)
        self.board.show.begin("评审与答辩", wanted)
        desks = Desks(self.board)
        async with asyncio.TaskGroup() as group:
            for expert in self.office.all("expert"):
                group.create_task(desks.mark(expert, wanted))
            for applicant in self.applicants:
                if applicant.persona.kind is Kind.no_show_defence:
                    group.create_task(self.office.note_absent(applicant.application_id))

    # results ----------------------------------------------------------------------------------------------

    async def _results(self) -> Ranking:
        """Ranking, release by two, public notice with somebody held, final list, the end of the round."""
        office, step = self.office, self._step
        ranking = await office.ranking()
        self._check(ranking)
        step()
        await office.release(ranking.digest)
        step()
        notice = await office.notice()
        held, out = self._complained_of()
        complaints = [await office.complaint(applicant.number) for applicant in held]
        for applicant in out:
            await office.hold(applicant.application_id)
        await office.post_notice(notice)
        step()
        await office.publish(_DOCUMENT)
        step()
        for complaint_id in complaints:
            await office.dismiss(complaint_id, evidence.certificate_pdf([["处理决定", "经查不属实。"]]))
        letter = evidence.certificate_pdf([["处理决定", "经查实并听取本人陈述，取消认证资格。"]])
        for applicant in out:
            await office.disqualify(applicant.application_id, letter)
        step()
        await office.reached(RoundStage.closed)
        step()
        return ranking

    def _step(self) -> None:
        self.board.show.step("排名与公示")

    def _check(self, ranking: Ranking) -> None:
        """Anyone can check the outcome: the same marks and rules give the same list (design §1)."""
        expected = self.board.the_plan
        made = {row.application_number: (row.rank, row.outcome.value) for row in ranking.rows}
        wanted = {
            row.application_number: (row.rank, row.outcome)
            for found in expected.lists.values()
            for row in found.rows
        }
        wrong = sorted(number for number in {*made, *wanted} if made.get(number) != wanted.get(number))
        if wrong:
            said = "；".join(f"{one}：{made.get(one)}，应为 {wanted.get(one)}" for one in wrong[:5])
            raise DemoFailed(f"排名与按规则算得的不同：{said}")
        if ranking.digest != expected.digest:
            raise DemoFailed(f"名单的摘要为 {ranking.digest}，按规则算得 {expected.digest}")

    def _complained_of(self) -> tuple[list[Applicant], list[Applicant]]:
        """The first two of the juniors' list: one complaint comes to nothing, one (of many applicants) is upheld."""
        level = self.board.pack.levels[0].id
        rows = [row.application_number for row in self.board.the_plan.lists[level].rows]
        listed = [one for one in rows if self.board.the_plan.in_cut(one)]
        count = 2 if len(self.applicants) >= _MANY else 1
        chosen = [next(one for one in self.applicants if one.number == number) for number in listed[:count]]
        self.disqualified = {one.number for one in chosen[1:]}
        return chosen[:1], chosen[1:]

    async def _ends(self) -> list[KnownCase]:
        """Every case at its end, as the office's list shows it; each must be where its part leads."""

        async def all_ended() -> list[KnownCase] | None:
            cases = await self._cases()
            over = len(cases) == len(self.applicants) and all(one.status in TERMINAL for one in cases)
            return cases if over else None

        cases = await until(all_ended, every=0.5)
        kinds = {number: persona.kind for number, persona in self.board.numbered.items()}
        wrong = [
            f"{one.application_number}（{kinds[one.application_number]}）：{one.status}，应为 {wanted}"
            for one in cases
            if one.status is not (wanted := self._wanted(one.application_number))
        ]
        if wrong:
            raise DemoFailed("结果与各人的情形不符：" + "；".join(wrong[:5]))
        return cases

    def _wanted(self, number: str) -> Status:
        if number in self.disqualified:
            return Status.disqualified
        end = self.board.numbered[number].ends
        if end is not None:
            return end
        return Status.certified if self.board.the_plan.in_cut(number) else Status.not_certified

    async def _cases(self) -> list[KnownCase]:
        found: list[KnownCase] = []
        cursor: dict[str, str] = {}
        while True:
            path = f"/rounds/{self.board.round_id}/cases"
            page = await self.office.secretary.get(path, CasePage, limit="200", **cursor)
            found += page.cases
            if page.next_cursor is None:
                return found
            cursor = {"cursor": page.next_cursor}

    # certificates -----------------------------------------------------------------------------------------

    def _certified(self, cases: Iterable[KnownCase]) -> int:
        return sum(one.status is Status.certified for one in cases)

    async def _certificates(self, cases: Iterable[KnownCase], folder: Path) -> list[Certificate]:
        """Fetched by their holders (C3)."""
        ids = {one.application_id for one in cases if one.status is Status.certified}
        found: list[Certificate] = []

        async def fetch(applicant: Applicant) -> None:
            number, pdf = await applicant.certificate()
            path = folder / f"{number}.pdf"
            await asyncio.to_thread(_keep, path, pdf)
            found.append(Certificate(number=number, file=str(path)))
            self.board.show.step("领取证书")

        holders = [one for one in self.applicants if one.application_id in ids]
        await _limited(fetch, holders, _READERS)
        return sorted(found, key=lambda one: one.number)


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


async def _limited(act: Callable[[T], Work], of: Iterable[T], at_once: int) -> None:
    """All of them, some at a time; the first failure ends the rest."""
    turn = asyncio.Semaphore(at_once)

    async def one(who: T) -> None:
        async with turn:
            await act(who)

    async with asyncio.TaskGroup() as group:
        for who in of:
            group.create_task(one(who))
