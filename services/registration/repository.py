"""All SQL of registration. What a decision rests on is read `FOR UPDATE`, the application's row first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contracts.commands import PrepareResult
from contracts.lifecycle import Phase, RoundTransition, Status, Transition
from kit.effects import stored
from services.registration.models import (
    Application,
    Bar,
    Claim,
    Counter,
    DraftRow,
    File,
    Form,
    Person,
    PrintedForm,
    Round,
    Scan,
    SetAside,
)

_now = func.public.fudao_now()
NOT_FILED = (Status.lapsed.value, Status.discarded.value)
"""Ends that come before filing: everybody else who is past it was filed (T2)."""


# Rounds -----------------------------------------------------------------------------------------------------


async def round_of(session: AsyncSession, round_id: UUID) -> Round | None:
    return await session.get(Round, round_id)


async def rounds(session: AsyncSession) -> Sequence[Round]:
    return (await session.scalars(select(Round).order_by(Round.opened_at.desc(), Round.id))).all()


async def rounds_under(session: AsyncSession, pack_hash: str) -> int:
    """How many rounds run or ran under a pack."""
    query = select(func.count()).select_from(Round).where(Round.pack_hash == pack_hash)
    return (await session.execute(query)).scalar_one()


async def move_round(session: AsyncSession, round_id: UUID, transition: RoundTransition) -> None:
    """Applied only for a higher `seq`."""
    change = update(Round).where(Round.id == round_id, Round.seq < transition.seq)
    await session.execute(
        change.values(stage=transition.stage.value, seq=transition.seq, closes_at=transition.closes_at)
    )


async def next_number(session: AsyncSession, round_id: UUID, letter: str) -> int:
    """The next number of a counter; its row stays locked until the transaction ends, so none is left out."""
    row = insert(Counter).values(round_id=round_id, letter=letter, last=1)
    counted = row.on_conflict_do_update(
        index_elements=["round_id", "letter"], set_={"last": Counter.last + 1}
    ).returning(Counter.last)
    return (await session.execute(counted)).scalar_one()


# Persons ----------------------------------------------------------------------------------------------------


async def person(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> Person | None:
    return await session.get(
        Person, person_id, with_for_update=True if lock else None, populate_existing=lock
    )


async def person_by_document(session: AsyncSession, id_hash: str) -> Person | None:
    return (await session.scalars(select(Person).where(Person.id_hash == id_hash))).one_or_none()


async def add_person(session: AsyncSession, values: dict[str, Any]) -> bool:
    """False when the person, or another one with the same document, is there already."""
    row = insert(Person).values(values).on_conflict_do_nothing().returning(Person.id)
    return (await session.execute(row)).scalar_one_or_none() is not None


# Applications -----------------------------------------------------------------------------------------------


async def application(
    session: AsyncSession, application_id: UUID, *, lock: bool = False
) -> Application | None:
    return await session.get(
        Application, application_id, with_for_update=True if lock else None, populate_existing=lock
    )


async def add_application(session: AsyncSession, values: dict[str, Any]) -> bool:
    """L1: UNIQUE(round, person) decides; False when there is one (a concurrent one is waited for)."""
    row = insert(Application).values(values)
    claim = row.on_conflict_do_nothing(index_elements=["round_id", "person_id"]).returning(Application.id)
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def set_number(session: AsyncSession, application_id: UUID, number: str) -> None:
    await session.execute(update(Application).where(Application.id == application_id).values(number=number))


async def note_transition(session: AsyncSession, application_id: UUID, transition: Transition) -> None:
    """Keeps the latest status, for a higher `seq` only."""
    change = update(Application).where(Application.id == application_id, Application.seq < transition.seq)
    await session.execute(change.values(seq=transition.seq, status=transition.status.value))


async def phases(session: AsyncSession, round_id: UUID) -> list[tuple[str, Phase, int]]:
    """(level, phase, count) of a round."""
    query = (
        select(Application.level, Application.phase, func.count())
        .where(Application.round_id == round_id)
        .group_by(Application.level, Application.phase)
        .order_by(Application.level, Application.phase)
    )
    return [(level, Phase(phase), n) for level, phase, n in await session.execute(query)]


async def filed(session: AsyncSession, round_id: UUID) -> dict[str, int]:
    """Filed regular applications by level: the base of the cut, later withdrawals in, the direct route out (T2)."""
    query = (
        select(Application.level, func.count())
        .where(
            Application.round_id == round_id,
            Application.route == "regular",
            Application.phase != Phase.open.value,
            func.coalesce(Application.status, "").not_in(NOT_FILED),
        )
        .group_by(Application.level)
        .order_by(Application.level)
    )
    return {level: n for level, n in await session.execute(query)}  # noqa: C416 - rows are no plain tuples


# Drafts and forms -------------------------------------------------------------------------------------------


async def draft(session: AsyncSession, application_id: UUID) -> DraftRow:
    """Of an application that is there (each has one)."""
    return (
        await session.execute(
            select(DraftRow)
            .where(DraftRow.application_id == application_id)
            .execution_options(populate_existing=True)
        )
    ).scalar_one()


async def save_draft(
    session: AsyncSession, application_id: UUID, version: int, content: dict[str, Any], private: bytes
) -> int | None:
    """The new version, or None when the draft is no longer at `version`."""
    change = (
        update(DraftRow)
        .where(DraftRow.application_id == application_id, DraftRow.version == version)
        .values(version=version + 1, content=content, private=private, updated_at=_now)
        .returning(DraftRow.version)
    )
    return (await session.execute(change)).scalar_one_or_none()


async def form(session: AsyncSession, application_id: UUID, version: int) -> Form | None:
    return await session.get(Form, (application_id, version))


async def form_by_command(session: AsyncSession, command_id: UUID) -> Form | None:
    return (await session.scalars(select(Form).where(Form.command_id == command_id))).one_or_none()


async def last_form_version(session: AsyncSession, application_id: UUID) -> int:
    """The highest version ever printed, 0 when there is none; numbers are not used twice."""
    query = select(func.coalesce(func.max(Form.version), 0)).where(Form.application_id == application_id)
    return (await session.execute(query)).scalar_one()


async def retire_form(session: AsyncSession, application_id: UUID, state: str) -> None:
    """The current version becomes `state`."""
    change = update(Form).where(Form.application_id == application_id, Form.state == "current")
    await session.execute(change.values(state=state))


async def restore_form(session: AsyncSession, application_id: UUID, version: int) -> None:
    """A superseded or taken-back version becomes the current one again."""
    change = update(Form).where(Form.application_id == application_id, Form.version == version)
    await session.execute(change.values(state="current"))


async def superseded_version(session: AsyncSession, application_id: UUID) -> int | None:
    """The version that a refused correction puts back in its place."""
    query = select(func.max(Form.version)).where(
        Form.application_id == application_id, Form.state == "superseded"
    )
    return (await session.execute(query)).scalar_one()


async def printed(session: AsyncSession, code: str) -> PrintedForm | None:
    """The print whose pages bear this code."""
    return await session.get(PrintedForm, code)


async def printed_versions(session: AsyncSession, application_id: UUID) -> dict[str, int]:
    """Versions of everything that was printed of an application, by code."""
    query = select(PrintedForm.code, PrintedForm.version).where(PrintedForm.application_id == application_id)
    return {code: version for code, version in await session.execute(query)}  # noqa: C416 - rows are no plain tuples


async def add_printed(session: AsyncSession, values: dict[str, Any]) -> PrintedForm:
    """The print with its code; what was printed first stays."""
    await session.execute(insert(PrintedForm).values(values).on_conflict_do_nothing(index_elements=["code"]))
    return await session.get_one(PrintedForm, values["code"])


async def scan(session: AsyncSession, application_id: UUID) -> Scan | None:
    """The scan that counts: the newest of those that were not taken back."""
    query = (
        select(Scan)
        .where(Scan.application_id == application_id, Scan.active)
        .order_by(Scan.form_version.desc(), Scan.received_at.desc(), Scan.command_id)
        .limit(1)
    )
    return (await session.scalars(query)).one_or_none()


async def drop_scan(session: AsyncSession, command_id: UUID) -> None:
    """The scan of a refused command counts no more."""
    await session.execute(update(Scan).where(Scan.command_id == command_id).values(active=False))


async def drop_scans(session: AsyncSession, application_id: UUID) -> list[UUID]:
    """After a take-back no scan counts; which ones counted until then."""
    change = update(Scan).where(Scan.application_id == application_id, Scan.active).values(active=False)
    return list((await session.execute(change.returning(Scan.command_id))).scalars())


async def put_back_scans(session: AsyncSession, command_ids: Iterable[UUID]) -> None:
    await session.execute(update(Scan).where(Scan.command_id.in_(list(command_ids))).values(active=True))


async def set_aside(session: AsyncSession, command_id: UUID) -> SetAside | None:
    return await session.get(SetAside, command_id)


# Files ------------------------------------------------------------------------------------------------------


async def file(session: AsyncSession, application_id: UUID, file_id: UUID) -> File | None:
    query = select(File).where(File.id == file_id, File.application_id == application_id)
    return (await session.scalars(query)).one_or_none()


async def files(
    session: AsyncSession, application_id: UUID, *, only: Iterable[UUID] | None = None
) -> Sequence[File]:
    query = select(File).where(File.application_id == application_id).order_by(File.created_at, File.id)
    if only is not None:
        query = query.where(File.id.in_(list(only)))
    return (await session.scalars(query)).all()


async def any_file(session: AsyncSession, file_id: UUID) -> File | None:
    return await session.get(File, file_id, populate_existing=True)


async def count_files(session: AsyncSession, application_id: UUID) -> tuple[int, int]:
    """How many uploads were begun in all, and how many of them are still in the list and not refused."""
    kept = File.removed_at.is_(None) & (File.state != "refused")
    query = select(func.count(), func.count().filter(kept)).where(File.application_id == application_id)
    begun, held = (await session.execute(query)).one()
    return begun, held


async def settle_file(session: AsyncSession, file_id: UUID, values: dict[str, Any]) -> bool:
    """Sets the outcome of a check once; False when somebody was faster."""
    change = update(File).where(File.id == file_id, File.state == "pending").returning(File.id)
    return (await session.execute(change.values(checked_at=_now, **values))).scalar_one_or_none() is not None


async def note_waiting(session: AsyncSession, file_id: UUID, code: str) -> None:
    """It stays pending, and says why."""
    change = update(File).where(File.id == file_id, File.state == "pending")
    await session.execute(change.values(reason_code=code))


async def remove_file(session: AsyncSession, file_id: UUID) -> None:
    """Out of the list; again: nothing."""
    change = update(File).where(File.id == file_id, File.removed_at.is_(None))
    await session.execute(change.values(removed_at=_now, ocr_wanted=False))


async def same_file(session: AsyncSession, file: File) -> File | None:
    """The first clean upload of the same bytes in this application, when that is an earlier one."""
    if file.original_sha256 is None or file.state != "clean" or file.source_id is not None:
        return None
    query = (
        select(File)
        .where(
            File.application_id == file.application_id,
            File.original_sha256 == file.original_sha256,
            File.state == "clean",
            File.source_id.is_(None),
            File.removed_at.is_(None),
        )
        .order_by(File.created_at, File.id)
        .limit(1)
    )
    found = (await session.scalars(query)).one_or_none()
    return found if found is not None and found.id != file.id else None


async def is_attached(session: AsyncSession, application_id: UUID, file_id: UUID) -> bool:
    """Whether the draft, the current form or a scan that counts names it."""
    named = f"%{file_id}%"
    drafts = select(DraftRow.version).where(
        DraftRow.application_id == application_id, cast(DraftRow.content, Text).like(named)
    )
    forms = select(Form.version).where(
        Form.application_id == application_id, Form.state == "current", cast(Form.content, Text).like(named)
    )
    scans = select(Scan.form_version).where(
        Scan.application_id == application_id, Scan.active, Scan.file_ids.contains([file_id])
    )
    found = await session.execute(select(drafts.exists() | forms.exists() | scans.exists()))
    return bool(found.scalar_one())


async def cropped_photo(session: AsyncSession, source_id: UUID, crop: list[int]) -> File | None:
    """The photo that this crop of an upload has given before."""
    query = select(File).where(File.source_id == source_id, File.crop == crop).order_by(File.created_at)
    return (await session.scalars(query.limit(1))).one_or_none()


async def next_for_ocr(session: AsyncSession) -> File | None:
    query = select(File).where(File.ocr_wanted).order_by(File.created_at).limit(1)
    return (await session.scalars(query)).one_or_none()


async def note_ocr(session: AsyncSession, file_id: UUID, key: str | None) -> None:
    await session.execute(update(File).where(File.id == file_id).values(ocr_wanted=False, ocr_key=key))


# Claims, bars -----------------------------------------------------------------------------------------------


async def twins(
    session: AsyncSession, application_id: UUID, round_id: UUID
) -> list[tuple[Literal["award", "file"], str, str, str, bool]]:
    """(kind, own item, other application's number, other item, sure) of current forms, in a fixed order.

    Equal certificate numbers are the same award; without both numbers equal title, year and school may be,
    unless two different works are named.
    """
    mine, other = aliased(Claim), aliased(Claim)
    my_form, other_form = aliased(Form), aliased(Form)
    same_number = and_(mine.number.is_not(None), mine.number == other.number)
    may_be = and_(
        mine.key == other.key,
        or_(mine.number.is_(None), other.number.is_(None)),
        or_(mine.work.is_(None), other.work.is_(None), mine.work == other.work),
    )
    sure = or_(mine.kind == "file", func.coalesce(same_number, False))
    query = (
        select(mine.kind, mine.item_id, Application.number, other.item_id, func.bool_or(sure))
        .join(my_form, _form_of(mine, my_form))
        .join(other, and_(other.round_id == mine.round_id, other.kind == mine.kind))
        .join(other_form, _form_of(other, other_form))
        .join(Application, Application.id == other.application_id)
        .where(
            mine.application_id == application_id,
            mine.round_id == round_id,
            other.application_id != application_id,
            or_(
                and_(mine.kind == "file", mine.key == other.key),
                and_(mine.kind == "award", or_(same_number, may_be)),
            ),
            func.coalesce(Application.status, "").not_in(NOT_FILED),
        )
        .group_by(mine.kind, mine.item_id, Application.number, other.item_id)
        .order_by(mine.kind, mine.item_id, Application.number, other.item_id)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in await session.execute(query)]


def _form_of(claim: type[Claim], one: type[Form]) -> ColumnElement[bool]:
    return and_(
        one.application_id == claim.application_id,
        one.version == claim.form_version,
        one.state == "current",
    )


async def bar(session: AsyncSession, round_id: UUID, bar_id: UUID) -> Bar | None:
    """Locked; None when it is not of this round."""
    query = select(Bar).where(Bar.id == bar_id, Bar.round_id == round_id).with_for_update()
    return (await session.scalars(query)).one_or_none()


async def bars_of_round(session: AsyncSession, round_id: UUID) -> Sequence[Bar]:
    query = select(Bar).where(Bar.round_id == round_id).order_by(Bar.created_at.desc(), Bar.id.desc())
    return (await session.scalars(query)).all()


async def bars_in_force(session: AsyncSession, person_hash: str, round_id: UUID) -> Sequence[Bar]:
    """Against a person: those of this round, and those of others that have an end of their own."""
    query = (
        select(Bar)
        .where(
            Bar.person_hash == person_hash,
            Bar.state == "in_force",
            or_(Bar.round_id == round_id, Bar.until.is_not(None)),
        )
        .order_by(Bar.decided_on, Bar.id)
    )
    return (await session.scalars(query)).all()


async def forget_bars(session: AsyncSession, round_id: UUID) -> None:
    """When a round closes: its bars without an end of their own, what was never in force, and all that have ended."""
    ended = Bar.until < func.date(func.timezone("Asia/Shanghai", _now))
    of_round = and_(Bar.round_id == round_id, or_(Bar.until.is_(None), Bar.state != "in_force"))
    await session.execute(delete(Bar).where(or_(of_round, ended)))


async def prepared(session: AsyncSession, command_id: UUID) -> PrepareResult | None:
    """What was answered when a command was prepared."""
    return await stored(session, f"{command_id}/prepare", PrepareResult)


async def phone_holder(session: AsyncSession, phone_hash: str) -> UUID | None:
    """Whose phone it is (A1)."""
    return (await session.scalars(select(Person.id).where(Person.phone_hash == phone_hash))).one_or_none()


async def document_holder(session: AsyncSession, id_hash: str) -> UUID | None:
    """Whose document it is (A1)."""
    return (await session.scalars(select(Person.id).where(Person.id_hash == id_hash))).one_or_none()
