"""The register to be read (C4): by the office, by the holder, as a workbook; credentials and their status lists."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import EVENT_NAMESPACE
from contracts.http import certificates as http
from contracts.http.certificates import RulingReason, Standing
from contracts.http.publication import CredentialStatus
from kit.db import Database, now
from kit.errors import DomainError, Kind
from kit.http import Actor
from kit.storage import ObjectStore
from rules.cache import Packs
from services.publication import domain, repository
from services.publication.adapters.credentials import Content, Issuer
from services.publication.adapters.keys import Keys, NoKey
from services.publication.adapters.xlsx import workbook
from services.publication.models import CertificateRow, CertificateVersionRow
from services.publication.repository import register
from services.publication.service import rulings
from services.publication.service.documents import Documents
from services.publication.service.verifying import code_of, no_certificate, standing_of, view_of

_HEAD = ("证书编号", "姓名", "级别", "颁发日期", "状态")
_STATUS = {CredentialStatus.valid: "有效", CredentialStatus.revoked: "已撤销"}


class Register:
    """Reads only."""

    def __init__(
        self,
        db: Database,
        store: ObjectStore,
        packs: Packs,
        documents: Documents,
        keys: Keys,
        url: str,
        old_keys: Sequence[bytes] = (),
    ) -> None:
        self._db, self._store, self._packs, self._documents = db, store, packs, documents
        self._keys, self._url, self._old_keys = keys, url, old_keys
        self._issuer: Issuer | None = None

    # the office ---------------------------------------------------------------------------------------------

    async def page(self, query: http.RegisterQuery) -> http.RegisterPage:
        """A page of it, and what can be filtered by."""
        async with self._db.read() as session:
            count, rows = await register.found(session, query)
            return http.RegisterPage(
                lines=tuple(_line(row) for row in rows),
                found=count,
                levels=tuple(await register.levels(session)),
                years=tuple(await register.years(session)),
            )

    async def export(self, query: http.RegisterQuery) -> bytes:
        """Everything that the filters leave: number, name, level, date, status, nothing else (C4)."""
        async with self._db.read() as session:
            _, rows = await register.found(session, query, whole=True)
        lines = [
            (
                row.number,
                row.name,
                row.level_name,
                row.issued_on.isoformat(),
                _STATUS[CredentialStatus(row.status)],
            )
            for row in rows
        ]
        return await asyncio.to_thread(workbook, "证书登记册", _HEAD, lines)

    async def history(self, actor: Actor, certificate_id: UUID) -> http.CertificateHistory:
        """Every document and every ruling under a number. Errors: `no_certificate` (404)."""
        async with self._db.read() as session:
            row = await register.by_id(session, certificate_id)
            if row is None:
                raise no_certificate()
            moment = await now(session)
            versions = await register.versions(session, certificate_id)
            ruled = await register.rulings(session, certificate_id)
        return http.CertificateHistory(
            **_line(row).model_dump(),
            round_id=row.round_id,
            document_number=row.document_number,
            specimen=row.specimen,
            versions=tuple(_version(row, one) for one in versions),
            rulings=tuple(rulings.view(row, one, moment, actor) for one in ruled),
        )

    async def document(self, certificate_id: UUID, version: int) -> tuple[str, bytes]:
        """Name of the file and the PDF of a version. Errors: `no_certificate` (404)."""
        async with self._db.read() as session:
            row = await register.by_id(session, certificate_id)
            found = None if row is None else await register.version(session, certificate_id, version)
        if row is None or found is None or found.pdf_key is None:
            raise no_certificate()
        return f"{row.number}-{version}", await self._store.get_content(found.pdf_key)

    # the holder ---------------------------------------------------------------------------------------------

    async def own(self, application_id: UUID) -> http.OwnCertificate:
        """Errors: `no_certificate` (404)."""
        async with self._db.read() as session:
            row = await _issued(session, application_id)
            seen, version = await view_of(session, row)
            ruled = await register.rulings(session, row.id)
        code = code_of(row, version)
        return http.OwnCertificate(
            **seen.model_dump(),
            code=domain.printed_code(code),
            verify_url=self._documents.address(row.number, code),
            rulings=rulings.own(ruled),
        )

    async def credential(self, application_id: UUID) -> tuple[str, str, dict[str, object]]:
        """Number, JWT and the same in a JSON envelope.

        Errors: `no_certificate` (404), `no_credential` (409), `no_credential_key` (503).
        """
        async with self._db.read() as session:
            row = await _issued(session, application_id)
            _, version = await view_of(session, row)
        if version.pack_key is None:
            message = "这份证书颁发时还没有电子凭证，请下载 PDF 证书使用。"
            raise DomainError(Kind.conflict, "no_credential", message, "C2")
        pack = (await self._packs.get(version.pack_key)).pack
        content = Content(
            id=uuid5(EVENT_NAMESPACE, f"{row.id}/{version.version}"),
            number=row.number,
            name=version.name,
            title=pack.certificate.title,
            level=row.level,
            level_name=row.level_name,
            round_name=pack.name,
            issuers=tuple(version.issuers["names"]),
            document_number=row.document_number,
            issued_on=row.issued_on,
            made_at=version.made_at,
            list_number=version.list_number,
            list_index=version.list_index,
            demo=version.demo_keys or row.specimen,
        )
        issuer = await self._issuing()
        jwt = issuer.credential(content)
        return row.number, jwt, issuer.enveloped(jwt)

    # anybody ------------------------------------------------------------------------------------------------

    async def status_list(self, number: int) -> str:
        """The signed list as of now: a revocation is in it at once. Errors: `no_status_list` (404)."""
        async with self._db.read() as session:
            gone = await register.gone(session, number)
            moment = await now(session)
        if gone is None:
            raise DomainError(Kind.not_found, "no_status_list", "没有这个状态列表。", "C2")
        return (await self._issuing()).status_list(number, gone, moment)

    async def issuer_keys(self) -> http.IssuerKeys:
        """Errors: `no_credential_key` (503)."""
        jwks, did = (await self._issuing()).keys()
        return http.IssuerKeys(jwks=jwks, did=did)

    async def _issuing(self) -> Issuer:
        if self._issuer is None:
            try:
                key = await asyncio.to_thread(self._keys.credential_key)
            except NoKey:
                message = "发证系统还没有设置电子凭证的密钥，请稍后再试；证书可以凭编号和 PDF 核验。"
                raise DomainError(Kind.unavailable, "no_credential_key", message, "C2") from None
            self._issuer = Issuer(self._url, key, self._old_keys)
        return self._issuer


async def _issued(session: AsyncSession, application_id: UUID) -> CertificateRow:
    row = await repository.certificate_of(session, application_id)
    if row is None or row.pdf_key is None:
        raise DomainError(Kind.not_found, "no_certificate", "还没有颁发证书。", "C1")
    return row


def _line(row: CertificateRow) -> http.RegisterLine:
    return http.RegisterLine(
        certificate_id=row.id,
        application_id=row.application_id,
        number=row.number,
        name=row.name,
        level=row.level,
        level_name=row.level_name,
        issued_on=row.issued_on,
        status=CredentialStatus(row.status),
        version=row.version,
    )


def _version(row: CertificateRow, one: CertificateVersionRow) -> http.VersionView:
    standing: Standing = standing_of(row, one.version)
    return http.VersionView(
        version=one.version,
        name=one.name,
        made_on=one.made_on,
        issuers=tuple(one.issuers["names"]),
        standing=standing,
        demo_keys=one.demo_keys,
        digest=None if one.pdf_key is None else one.pdf_key.removeprefix("sha256/"),
        reason=None if one.reason is None else RulingReason(one.reason),
    )
