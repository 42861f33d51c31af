"""What all use-cases share: the outside world, and one application with everything that it is judged by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import Bar, Facts, PrivatePart, Snapshot, canonical
from contracts.http.persons import IdKind
from contracts.lifecycle import CaseRef, Route
from kit.crypto import decrypt_field, encrypt_field, keyed_hash
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor
from kit.storage import ObjectStore
from rules.cache import Packs
from rules.pack import LoadedPack
from services.registration import repository
from services.registration.adapters.clamav import VirusScanner
from services.registration.adapters.form_pdf import FormPrinter
from services.registration.adapters.inspector import Inspector
from services.registration.adapters.scan_reader import ScanReader
from services.registration.domain.draft import Draft
from services.registration.domain.identity import person_number
from services.registration.domain.numbers import form_code
from services.registration.domain.shape import NAME_FIELD, Shape, shape_of
from services.registration.domain.snapshot import Frozen, freeze
from services.registration.models import Application, DraftRow, Form, Person, Round
from services.registration.settings import RegistrationSettings

STAFF = frozenset({"secretariat", "supervisor"})
"""Roles that may look into any case here; private fields stay masked for them."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The outside world of a process."""

    settings: RegistrationSettings
    db: Database
    store: ObjectStore
    packs: Packs
    printer: FormPrinter
    inspector: Inspector
    reader: ScanReader
    scanner: VirusScanner | None = None

    def seal_draft(self, application_id: UUID, private: dict[str, str]) -> bytes:
        """Private fields of a draft as stored."""
        text = json.dumps(private, ensure_ascii=False, sort_keys=True)
        return encrypt_field(self.settings, text, bind=f"draft/{application_id}")

    def open_draft(self, row: DraftRow | Form) -> Draft:
        """The draft of a stored row: the one being typed, or as it was when a form was frozen."""
        private = json.loads(decrypt_field(self.settings, row.private, bind=f"draft/{row.application_id}"))
        return Draft.load(row.content, private)

    def id_number(self, person: Person) -> str:
        return decrypt_field(self.settings, person.id_number, bind=f"person.id_number/{person.id}")

    def phone(self, person: Person) -> str:
        return decrypt_field(self.settings, person.phone, bind=f"person.phone/{person.id}")

    def phone_hash(self, phone: str) -> str:
        """Keyed hash: one phone never holds two persons (A1)."""
        return keyed_hash(self.settings, phone, purpose="phone")

    def identity(self, shape: Shape, person: Person) -> dict[str, str]:
        """Values by field ID that the person brings along: name, ID number, and the account's phone."""
        found = {NAME_FIELD: person.name}
        number, phone = self.id_number(person), self.phone(person)
        for one in shape.fields.values():
            if one.type == "id_number":
                found[one.id] = number
            elif one.type == "phone" and one.required and phone not in found.values():
                found[one.id] = phone
        return found

    def code(self, frozen: Frozen) -> str:
        """The code printed on each page: it changes with anything that the form says."""
        return form_code(keyed_hash(self.settings, frozen.bound(), purpose="form-code"))

    async def put_json(self, model: Snapshot | Facts) -> str:
        return await self.store.put_content(canonical(model), "application/json")

    async def put_private(self, application_id: UUID, private: PrivatePart) -> str:
        """The second object: encrypted, tied to its application."""
        text = canonical(private).decode()
        sealed = encrypt_field(self.settings, text, bind=f"private/{application_id}")
        return await self.store.put_content(sealed, "application/octet-stream")


def id_hash(settings: RegistrationSettings, kind: IdKind, number: str) -> str:
    """Keyed hash of a (normal) document number: equal for one person, also after the document was renewed."""
    return keyed_hash(settings, f"{kind.value}:{person_number(kind, number)}", purpose="id-number")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One application and what it is judged by. Rows are detached from any decision unless they were locked."""

    application: Application
    round: Round
    person: Person
    loaded: LoadedPack
    shape: Shape

    @property
    def ref(self) -> CaseRef:
        row = self.application
        return CaseRef(
            application_id=row.id,
            round_id=row.round_id,
            application_number=row.number,
            level=row.level,
            route=Route(row.route),
            pack_key=self.round.pack_key,
        )


async def load_case(
    session: AsyncSession, parts: Parts, application_id: UUID, *, lock: bool = False
) -> Case | None:
    """The case, its application locked on demand; None when there is none (or the level was given back)."""
    application = await repository.application(session, application_id, lock=lock)
    if application is None:
        return None
    found_round = await repository.round_of(session, application.round_id)
    person = await repository.person(session, application.person_id)
    if found_round is None or person is None:
        raise RuntimeError("an application without its round or person")
    loaded = await parts.packs.get(found_round.pack_key)
    shape = shape_of(loaded.pack, application.level, Route(application.route))
    return Case(application=application, round=found_round, person=person, loaded=loaded, shape=shape)


async def seen_case(
    session: AsyncSession, parts: Parts, application_id: UUID, actor: Actor, *, write: bool = False
) -> Case:
    """The case if the actor may see it (its owner; staff for reading). A foreign one is absent: 404."""
    case = await load_case(session, parts, application_id)
    if case is not None:
        own = actor.role == "applicant" and case.application.person_id == actor.subject
        if own and actor.application_id in (None, application_id):
            return case
        if not write and actor.role in STAFF:
            return case
    raise DomainError(Kind.not_found, "unknown_application", "没有找到这份申报。")


def frozen_case(parts: Parts, case: Case, draft: Draft, version: int, bars: Iterable[Bar]) -> Frozen:
    """The case as its draft says, under a form version, with the bars in force against its person (E9)."""
    return freeze(
        case.shape,
        draft,
        parts.identity(case.shape, case.person),
        number=case.application.number,
        version=version,
        bars=bars,
    )


def conflict(code: str, message: str, clause: str | None = None, **details: Any) -> DomainError:
    """409."""
    return DomainError(Kind.conflict, code, message, clause, details)
