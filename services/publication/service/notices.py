"""The public list: who is on it, from when to when, and who is held when it closes."""

from uuid import UUID

from contracts import publication as contract
from contracts.case import Snapshot
from contracts.commands import CommandName, ServiceCommand, TargetKind
from contracts.events import EventType, case_event, derived_id, round_event
from contracts.http import publication as http
from contracts.registration import Done
from kit import outbox
from kit.db import Database, lock, now
from kit.effects import once
from kit.errors import DomainError, Kind
from kit.storage import ObjectStore
from rules.cache import Packs
from services.publication import domain, repository
from services.publication.models import ListingRow, NoticeRow
from services.publication.repository import complaints
from services.publication.service import holding


class Notices:
    """Every method is one transaction; the round is locked where lists are fixed."""

    def __init__(self, db: Database, store: ObjectStore, packs: Packs) -> None:
        self._db, self._store, self._packs = db, store, packs

    async def enlist(self, request: contract.Enlist) -> Done:
        """Name and unit come from the snapshot (N5)."""
        case, key = request.case, f"{request.key}/enlist"
        assert case.snapshot_key is not None
        snapshot = Snapshot.model_validate_json(await self._store.get_content(case.snapshot_key))

        async def make() -> Done:
            await repository.add_listing(
                session,
                application_id=case.application_id,
                round_id=case.round_id,
                application_number=case.application_number,
                level=case.level,
                route=case.route.value,
                name=snapshot.name,
                unit=snapshot.unit,
            )
            event = case_event(
                EventType.notice_listed,
                case,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
            )
            await outbox.add_event(session, event)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def post(self, request: contract.PostNotice) -> contract.NoticePosted:
        """Fix the list of the round; nobody on it: no notice (N1)."""
        key = f"{request.key}/post_notice"
        pack = (await self._packs.get(request.round.pack_key)).pack

        async def make() -> contract.NoticePosted:
            await lock(session, request.round.round_id)
            rows = await repository.listings(session, request.round.round_id, "listed")
            content = domain.content(domain.sections(pack, [line_of(row) for row in rows]))
            notice_id = derived_id(key) if rows else None
            if notice_id is not None:
                session.add(
                    NoticeRow(
                        id=notice_id,
                        round_id=request.round.round_id,
                        title=f"{pack.name}拟认定名单公示",
                        state="made",
                        content={**content, **domain.posting(pack)},
                        digest=domain.digest(content),
                    )
                )
            event = round_event(
                EventType.round_moved,
                request.round.round_id,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
                people=len(rows),
            )
            await outbox.add_event(session, event)
            targets = domain.binding_targets(pack) if rows else ()
            return contract.NoticePosted(notice_id=notice_id, targets=targets)

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, contract.NoticePosted)

    async def start_clock(self, request: contract.StartClock) -> Done:
        """All binding targets bear the list; also called when the end moved (N2)."""
        key = f"{request.key}/start_clock"

        async def make() -> Done:
            await lock(session, request.round.round_id)
            notice = await repository.notice(session, request.notice_id, lock=True)
            assert notice is not None
            await holding.longer(session, key, notice.round_id, request.closes_at)
            notice.state, notice.posted_at, notice.closes_at = "running", request.posted_at, request.closes_at
            event = round_event(
                EventType.notice_posted,
                notice.round_id,
                effect_key=key,
                occurred_at=await now(session),
                notice_id=str(notice.id),
                digest=notice.digest,
                closes_at=request.closes_at.isoformat(),
            )
            await outbox.add_event(session, event)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def close(self, request: contract.CloseNotice) -> Done:
        """Fix who is held, and tell each application that its notice is over (N3)."""
        key = f"{request.key}/close_notice"

        async def make() -> Done:
            await lock(session, request.round.round_id)
            notice = await repository.notice(session, request.notice_id, lock=True)
            assert notice is not None
            notice.state = "closed"
            rows = await repository.listings(session, notice.round_id, "listed")
            known = [row.application_id for row in rows]
            held = await repository.held(session, known) | await holding.at_close(session, key, known)
            for row in rows:
                row.held_at_close = row.application_id in held
            await outbox.add_event(
                session,
                round_event(
                    EventType.notice_closed,
                    notice.round_id,
                    effect_key=key,
                    occurred_at=await now(session),
                    notice_id=str(notice.id),
                    held=len(held),
                ),
            )
            await outbox.add_commands(session, [_close(key, n, row, notice) for n, row in enumerate(rows, 1)])
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def set_hold(self, request: contract.SetHold) -> Done:
        """The supervisory committee holds or lets go one person (N3)."""
        case, key = request.case, f"{request.key}/set_hold"

        async def make() -> Done:
            await repository.set_hold(session, case.application_id, request.held)
            if not request.held:
                await complaints.released(session, case.application_id)
            event = case_event(
                EventType.hold_changed,
                case,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
                held=request.held,
            )
            await outbox.add_event(session, event)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def delist(self, request: contract.Delist) -> Done:
        """Withdrawn or disqualified: struck from the list; the list as posted stays what it was (N3)."""

        async def make() -> Done:
            await repository.set_state(
                session, request.case.application_id, "struck", struck_at=await now(session)
            )
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, f"{request.key}/delist", make, Done)

    # To be read ---------------------------------------------------------------------------------------------

    async def public(self) -> http.Notices:
        """Notices whose clock has begun, newest first."""
        async with self._db.read() as session:
            rows = await repository.notices(session, public=True)
        return http.Notices(notices=tuple(http.NoticeSummary.model_validate(_summary(row)) for row in rows))

    async def read(self, notice_id: UUID) -> http.Notice:
        """A notice that is public. Errors: `no_notice` (404)."""
        async with self._db.read() as session:
            row = await repository.notice(session, notice_id)
        if row is None or row.state == "made":
            raise no_notice()
        return _view(row)

    async def of_round(self, round_id: UUID) -> http.Notice:
        """The round's notice for the office, also before it is posted. Errors: `no_notice` (404)."""
        async with self._db.read() as session:
            row = await repository.notice_of(session, round_id)
        if row is None:
            raise no_notice()
        return _view(row)


def _view(row: NoticeRow) -> http.Notice:
    return http.Notice.model_validate(
        {
            **_summary(row),
            "digest": row.digest,
            "objection": row.content["objection"],
            "targets": row.content["targets"],
            "sections": row.content["sections"],
        }
    )


def line_of(row: ListingRow) -> domain.Line:
    return domain.Line(
        application_number=row.application_number,
        level=row.level,
        route=row.route,
        name=row.name,
        unit=row.unit,
    )


def _summary(row: NoticeRow) -> dict[str, object]:
    return {
        "notice_id": row.id,
        "round_id": row.round_id,
        "title": row.title,
        "state": row.state,
        "people": sum(len(section["people"]) for section in row.content["sections"]),
        "posted_at": row.posted_at,
        "closes_at": row.closes_at,
    }


def _close(key: str, n: int, row: ListingRow, notice: NoticeRow) -> ServiceCommand:
    return ServiceCommand(
        id=derived_id(key, n),
        target_kind=TargetKind.application,
        target_id=row.application_id,
        round_id=row.round_id,
        name=CommandName.close_notice,
        body={"notice_id": str(notice.id), "held": bool(row.held_at_close)},
    )


def no_notice() -> DomainError:
    return DomainError(Kind.not_found, "no_notice", "没有找到这份公示，或者公示还没有开始。", "N1")
