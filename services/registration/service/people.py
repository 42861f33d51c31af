"""Identity: checked, unique, fixed; what others may know of a person goes out encrypted with the person's key."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import Event, EventType, Profile, Topic, derived_id
from contracts.http.persons import (
    FindPerson,
    FoundPerson,
    Identity,
    IdKind,
    Inspected,
    InspectUpload,
    PersonLookup,
    PersonView,
)
from kit import keyring
from kit.crypto import encrypt_field
from kit.db import lock, now
from kit.errors import DomainError, Kind
from kit.outbox import add_event
from services.registration import repository
from services.registration.adapters.inspector import NotTaken
from services.registration.domain.files import PROBLEMS
from services.registration.domain.identity import (
    is_phone,
    mask_number,
    mask_phone,
    name_problem,
    normal_name,
    normal_number,
    number_problem,
    settled_kind,
)
from services.registration.models import Person
from services.registration.service.parts import Parts, conflict, id_hash


class People:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def me(self, person_id: UUID) -> PersonView:
        """DomainError(not_found, identity_needed) before `set_identity`."""
        async with self._parts.db.read() as session:
            person = await repository.person(session, person_id)
            if person is None:
                raise DomainError(
                    Kind.not_found, "identity_needed", "请先完成实名认证（姓名和证件号码）。", "A1"
                )
            return self._view(person)

    async def set_identity(self, person_id: UUID, given: Identity, phone: str) -> PersonView:
        """Sets it once; the same values again change nothing (a new phone is taken over).

        Errors: invalid `identity_invalid`, conflict `identity_taken` (somebody else has the document),
        conflict `phone_taken`, conflict `identity_fixed`.
        """
        name, number = normal_name(given.name), normal_number(given.id_number)
        kind = settled_kind(given.id_kind, number)
        async with self._parts.db.unit_of_work() as session:
            today = (await now(session)).date()
            problem = name_problem(name) or number_problem(kind, number, today)
            if problem is None and not is_phone(phone):
                problem = "账号没有可用的手机号码，请重新登录后再试。"
            if problem:
                raise DomainError(Kind.invalid, "identity_invalid", problem, "A1")
            known = id_hash(self._parts.settings, kind, number)
            await lock(session, f"phone/{self._parts.phone_hash(phone)}")
            added = await repository.add_person(session, self._row(person_id, name, kind, number, phone))
            person = await repository.person(session, person_id, lock=True)
            if person is None and await repository.document_holder(session, known) is None:
                raise _phone_taken()
            if person is None:
                raise conflict(
                    "identity_taken",
                    "该证件号码已由另一个账号实名。如非本人操作，请携带证件联系秘书处核实。",
                    "A1",
                )
            if (person.name, person.id_hash) != (name, known):
                raise conflict(
                    "identity_fixed", "实名信息一经确认不能更改；姓名变更等情况请联系秘书处。", "A1"
                )
            if added:
                await publish_profile(session, self._parts, person)
            elif person.phone_hash != self._parts.phone_hash(phone):
                if await repository.phone_holder(session, self._parts.phone_hash(phone)) is not None:
                    raise _phone_taken()
                person.phone = self._seal_phone(person_id, phone)
                person.phone_hash = self._parts.phone_hash(phone)
                person.version += 1
                await publish_profile(session, self._parts, person)
            return self._view(person)

    async def find(self, asked: FindPerson) -> PersonLookup:
        """The person with this document, numbers masked."""
        number = normal_number(asked.id_number)
        known = id_hash(self._parts.settings, settled_kind(asked.id_kind, number), number)
        async with self._parts.db.read() as session:
            person = await repository.person_by_document(session, known)
        if person is None:
            return PersonLookup()
        return PersonLookup(
            person=FoundPerson(
                **self._view(person).model_dump(),
                name_matches=person.name == normal_name(asked.name),
                unit=person.unit,
                district=person.district,
            )
        )

    async def set_phone(self, person_id: UUID, phone: str) -> PersonView:
        """Replaces the phone and tells of it.

        Errors: not_found `identity_needed` without a person, conflict `phone_taken`.
        """
        async with self._parts.db.unit_of_work() as session:
            await lock(session, f"phone/{self._parts.phone_hash(phone)}")
            person = await repository.person(session, person_id, lock=True)
            if person is None:
                raise DomainError(Kind.not_found, "identity_needed", "这个账号还没有实名信息。", "A1")
            if person.phone_hash != self._parts.phone_hash(phone):
                if await repository.phone_holder(session, self._parts.phone_hash(phone)) is not None:
                    raise _phone_taken()
                person.phone = self._seal_phone(person_id, phone)
                person.phone_hash = self._parts.phone_hash(phone)
                person.version += 1
                await publish_profile(session, self._parts, person)
            return self._view(person)

    async def inspect(self, asked: InspectUpload) -> Inspected:
        """Really opens an upload of no application. DomainError(not_found) when nothing stands under the key."""
        store = self._parts.store
        data = await store.get(store.uploads, asked.key)
        found = await self._parts.inspector.inspect("evidence", asked.media_type, data)
        if isinstance(found, NotTaken):
            return Inspected(clean=False, code=found.code, message=PROBLEMS.get(found.code))
        return Inspected(clean=True)

    def _row(self, person_id: UUID, name: str, kind: IdKind, number: str, phone: str) -> dict[str, object]:
        settings = self._parts.settings
        return {
            "id": person_id,
            "name": name,
            "id_kind": kind.value,
            "id_number": encrypt_field(settings, number, bind=f"person.id_number/{person_id}"),
            "id_hash": id_hash(settings, kind, number),
            "id_masked": mask_number(number),
            "phone": self._seal_phone(person_id, phone),
            "phone_hash": self._parts.phone_hash(phone),
        }

    def _seal_phone(self, person_id: UUID, phone: str) -> bytes:
        return encrypt_field(self._parts.settings, phone, bind=f"person.phone/{person_id}")

    def _view(self, person: Person) -> PersonView:
        return PersonView(
            person_id=person.id,
            name=person.name,
            id_kind=IdKind(person.id_kind),
            id_number_masked=person.id_masked,
            phone_masked=mask_phone(self._parts.phone(person)),
        )


def _phone_taken() -> DomainError:
    return conflict(
        "phone_taken",
        "该手机号码已属于另一位实名人员，一个号码只能属于一人。如号码已换人使用，请联系秘书处核实。",
        "A1",
    )


async def note_unit(session: AsyncSession, parts: Parts, person_id: UUID, unit: str, district: str) -> None:
    """Unit and district as the submitted form says; published when they are new."""
    person = await repository.person(session, person_id, lock=True)
    if person is None or (person.unit, person.district) == (unit, district):
        return
    person.unit, person.district = unit, district
    person.version += 1
    await publish_profile(session, parts, person)


async def publish_profile(session: AsyncSession, parts: Parts, person: Person) -> None:
    """`ProfileChanged` of the person's present version, sealed under the person's key. The row must be locked."""
    profile = Profile(
        person_id=person.id,
        name=person.name,
        unit=person.unit,
        district=person.district,
        phone=parts.phone(person),
    )
    sealed = await keyring.encrypt_for(session, parts.settings, person.id, profile.model_dump(mode="json"))
    event = Event(
        id=derived_id(f"profile/{person.id}/{person.version}"),
        type=EventType.profile_changed,
        topic=Topic.people,
        target_id=person.id,
        occurred_at=await now(session),
        data={"sealed": sealed},
    )
    await add_event(session, event)
