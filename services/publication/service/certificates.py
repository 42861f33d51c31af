"""Final list and certificates: the number is allotted once, the first signed PDF stays."""

from uuid import UUID

import uuid_utils.compat as uuids

from contracts import publication as contract
from contracts.case import Facts, Snapshot
from contracts.commands import CommandName, ServiceCommand, TargetKind
from contracts.events import EventType, case_event, derived_id, round_event
from contracts.http import publication as http
from contracts.registration import Done
from contracts.rulepack import RulePack
from kit import outbox
from kit.db import Database, lock, now
from kit.effects import once, stored
from kit.errors import DomainError, Kind
from kit.storage import ObjectStore
from rules.cache import Packs
from services.publication import domain, repository
from services.publication.models import CertificateRow, FinalListRow
from services.publication.repository import register
from services.publication.service.documents import Documents, Wanted
from services.publication.service.notices import line_of


class Certificates:
    """Use-cases after the public notice has closed."""

    def __init__(self, db: Database, store: ObjectStore, packs: Packs, documents: Documents) -> None:
        self._db, self._store, self._packs, self._documents = db, store, packs, documents

    async def wait(self, request: contract.AwaitCertificate) -> Done:
        """Nothing stands against this person: issued with the final list, at once if that is out (C1)."""
        case, key = request.case, f"{request.key}/await_certificate"

        async def make() -> Done:
            await lock(session, case.round_id)
            await repository.set_state(session, case.application_id, "awaiting")
            event = case_event(
                EventType.certificate_awaited,
                case,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
            )
            await outbox.add_event(session, event)
            published = await repository.final_list(session, case.round_id)
            if published is not None:
                await outbox.add_command(session, _issue(case.application_id, case.round_id, published.id))
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def publish(self, request: contract.PublishFinalList) -> contract.FinalListPublished:
        """公布认证名单 (N4): all who wait, with the document's number; each application is told to issue."""
        key, round_id = f"{request.key}/publish_final_list", request.round.round_id
        pack = (await self._packs.get(request.round.pack_key)).pack

        async def make() -> contract.FinalListPublished:
            await lock(session, round_id)
            rows = await repository.listings(session, round_id, "awaiting")
            row = FinalListRow(
                id=derived_id(key),
                round_id=round_id,
                document_number=request.document_number,
                content=domain.content(domain.sections(pack, [line_of(one) for one in rows], final=True)),
            )
            session.add(row)
            await session.flush()
            event = round_event(
                EventType.final_list_published,
                round_id,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
                n=1,
                people=len(rows),
            )
            await outbox.add_event(session, event)
            await outbox.add_commands(session, [_issue(one.application_id, round_id, row.id) for one in rows])
            return contract.FinalListPublished(final_list_id=row.id)

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, contract.FinalListPublished)

    async def issue(self, request: contract.IssueCertificate) -> Done:
        """Number, signed PDF, register: killed anywhere between, the same number comes again, and the first PDF that
        the register has stays the only one (C1, C2)."""
        case, key = request.case, f"{request.key}/issue_certificate"
        async with self._db.read() as session:
            if done := await stored(session, key, Done):
                return done
        pack = await self._packs.get(case.pack_key)
        certificate, published = await self._allot(request, pack.pack)
        photo_key = await self._photo_key(request)
        wanted = Wanted(
            certificate=certificate,
            version=1,
            name=certificate.name,
            pack_key=case.pack_key,
            photo_key=photo_key,
            moment=published.published_at,
        )
        document = await self._documents.make(wanted)

        async def make() -> Done:
            await lock(session, case.application_id)
            row = await repository.certificate_of(session, case.application_id)
            assert row is not None
            first = await register.add_version(
                session,
                certificate_id=row.id,
                version=1,
                name=row.name,
                issuers={"names": list(document.issuers)},
                made_on=document.made_on,
                salt=document.salt,
                pack_key=case.pack_key,
                photo_key=photo_key,
                pdf_key=document.pdf_key,
                demo_keys=document.demo_keys,
            )
            row.pdf_key = first.pdf_key
            await repository.set_state(session, case.application_id, "issued")
            event = case_event(
                EventType.certificate_issued,
                case,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
                number=row.number,
            )
            await outbox.add_event(session, event)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def _allot(
        self, request: contract.IssueCertificate, pack: RulePack
    ) -> tuple[CertificateRow, FinalListRow]:
        """The register's row with its number, made once per application."""
        case = request.case
        async with self._db.unit_of_work() as session:
            await lock(session, case.application_id)
            published = await repository.final_list_by_id(session, request.final_list_id)
            listed = await repository.listing(session, case.application_id)
            assert published is not None
            assert listed is not None
            row = await repository.certificate_of(session, case.application_id)
            if row is None:
                serial = await repository.next_serial(session, case.round_id, case.level)
                issued_on = domain.local_day(published.published_at, pack.timezone)
                row = CertificateRow(
                    id=uuids.uuid7(),
                    number=domain.certificate_number(pack, case.level, serial),
                    application_id=case.application_id,
                    round_id=case.round_id,
                    final_list_id=published.id,
                    name=listed.name,
                    level=case.level,
                    level_name=pack.level(case.level).name,
                    issuers={"names": [name for _, name in domain.issuers_on(pack, issued_on)]},
                    document_number=published.document_number,
                    issued_on=issued_on,
                    specimen=pack.certificate.specimen,
                    status="valid",
                )
                session.add(row)
                await session.flush()
            return row, published

    async def _photo_key(self, request: contract.IssueCertificate) -> str | None:
        """The photo accepted in the review (Q2)."""
        case = request.case
        assert case.snapshot_key is not None
        snapshot = Snapshot.model_validate_json(await self._store.get_content(case.snapshot_key))
        facts = None
        if case.facts_key is not None:
            facts = Facts.model_validate_json(await self._store.get_content(case.facts_key))
        return domain.photo_key(snapshot, facts)

    # To be read ---------------------------------------------------------------------------------------------

    async def pdf(self, application_id: UUID) -> tuple[str, bytes]:
        """Number and PDF for the holder (C3). Errors: `no_certificate` (404)."""
        row = await self._issued(application_id)
        assert row.pdf_key is not None
        return row.number, await self._store.get_content(row.pdf_key)

    async def final_list(self, round_id: UUID) -> http.FinalList:
        """公布认证名单, and who came onto it later. Errors: `no_final_list` (404)."""
        async with self._db.read() as session:
            row = await repository.final_list(session, round_id)
            if row is None:
                raise DomainError(Kind.not_found, "no_final_list", "认证名单还没有公布。", "N4")
            certified = await repository.certified(session, round_id)
        published = tuple(http.ListSection.model_validate(one) for one in row.content["sections"])
        return http.FinalList(
            final_list_id=row.id,
            round_id=row.round_id,
            document_number=row.document_number,
            published_at=row.published_at,
            sections=published,
            added=domain.additions(published, [(line_of(one), name) for one, name in certified]),
        )

    async def _issued(self, application_id: UUID) -> CertificateRow:
        async with self._db.read() as session:
            row = await repository.certificate_of(session, application_id)
        if row is None or row.pdf_key is None:
            raise DomainError(Kind.not_found, "no_certificate", "还没有颁发证书。", "C1")
        return row


def _issue(application_id: UUID, round_id: UUID, final_list_id: UUID) -> ServiceCommand:
    """Once per application: the same ID however it comes about."""
    return ServiceCommand(
        id=derived_id(f"{application_id}/issue"),
        target_kind=TargetKind.application,
        target_id=application_id,
        round_id=round_id,
        name=CommandName.issue,
        body={"final_list_id": str(final_list_id)},
    )
