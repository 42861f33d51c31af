"""What anybody may check (C2): a certificate by its number, a PDF by its signatures and the register."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.certificates import (
    CheckedPdf,
    RulingReason,
    SignatureView,
    Standing,
    Verdict,
    Verification,
    VerifyQuery,
)
from contracts.http.publication import CredentialStatus
from kit.db import Database, now
from kit.errors import DomainError, Kind
from services.publication import domain, repository
from services.publication.adapters.examiner import Examiner
from services.publication.adapters.examining import Examined
from services.publication.adapters.keys import Keys
from services.publication.models import CertificateRow, CertificateVersionRow
from services.publication.repository import register

_PDF_LEFT = Verdict.genuine, Verdict.replaced, Verdict.revoked
_SAID = {
    Verdict.unreadable: "这不是能够打开的 PDF 文件，或者文件已经损坏。",
    Verdict.unsigned: "文件里没有数字签名：可能是打印后扫描的，或者另存时丢失了签名。请用发证系统下载的原文件核验。",
    Verdict.foreign: "签名不是发证单位的密钥作出的，这份文件不是本系统颁发的。",
    Verdict.changed: "文件在签名之后被改动过，内容不能采信。",
    Verdict.incomplete: "缺少发证单位的签名：两家发证单位都签名才有效。",
    Verdict.unknown: "签名本身完好，但登记册里没有这份文件：可能经过重新保存。请用发证系统下载的原文件核验。",
    Verdict.replaced: "这份证书已经换发，请以新证书为准。",
    Verdict.revoked: "这份证书已经撤销。",
}


_SIGNERS = 2
"""Of a document that the register does not know: two associations sign (C2)."""


class Verifying:
    """Nothing that is sent in is kept."""

    def __init__(self, db: Database, keys: Keys, examiner: Examiner) -> None:
        self._db, self._keys, self._examiner = db, keys, examiner

    async def verify(self, number: str, given: VerifyQuery) -> Verification:
        """By number; the whole name for who proves to have the document. Errors: `no_certificate` (404)."""
        async with self._db.read() as session:
            row = await repository.certificate(session, number.strip())
            if row is None:
                raise no_certificate()
            versions = await register.versions(session, row.id)
        return _verified(row, versions, given)

    async def check(self, pdf: bytes) -> CheckedPdf:
        """A PDF that somebody has. Its signatures are judged as of the day on which the register took it in, if it
        did: a key that has expired since has signed all the same."""
        key = f"sha256/{hashlib.sha256(pdf).hexdigest()}"
        async with self._db.read() as session:
            known = await register.by_pdf(session, key)
            moment = known[1].made_at if known else await now(session)
            versions = await register.versions(session, known[0].id) if known else ()
        roots = await asyncio.to_thread(self._keys.roots)
        seen = await self._examiner.examine(pdf, roots, moment)
        verdict = _verdict(seen, known)
        certificate = None
        if known is not None and verdict in _PDF_LEFT:
            row, version = known
            certificate = _verified(row, versions, VerifyQuery(code=code_of(row, version)))
        return CheckedPdf(
            verdict=verdict,
            problems=tuple(_problems(verdict, seen.signatures)),
            signatures=seen.signatures,
            certificate=certificate,
        )


def _verdict(seen: Examined, known: tuple[CertificateRow, CertificateVersionRow] | None) -> Verdict:
    """The register's own bytes and the signatures have to agree: neither is enough."""
    signatures = seen.signatures
    if not seen.readable:
        return Verdict.unreadable
    if not signatures:
        return Verdict.unsigned
    if any(not one.intact for one in signatures):
        return Verdict.changed
    if any(not one.trusted for one in signatures):
        return Verdict.foreign
    if not seen.sealed or any(not one.whole for one in signatures):
        return Verdict.changed
    if known is None:
        return Verdict.incomplete if len(signatures) < _SIGNERS else Verdict.unknown
    row, version = known
    if len(signatures) != len(version.issuers["names"]):
        return Verdict.incomplete
    standing = standing_of(row, version.version)
    return {
        Standing.valid: Verdict.genuine,
        Standing.replaced: Verdict.replaced,
        Standing.revoked: Verdict.revoked,
    }[standing]


def _problems(verdict: Verdict, signatures: Sequence[SignatureView]) -> list[str]:
    found = [_SAID[verdict]] if verdict in _SAID else []
    if verdict in (Verdict.changed, Verdict.foreign):
        for place, one in enumerate(signatures, 1):
            who = f"第 {place} 个签名（{one.signer or '签名人不明'}）"
            if not one.intact:
                found.append(f"{who}：签过的内容被改动，或者签名本身损坏。")
            elif not one.trusted:
                found.append(f"{who}：不是发证单位的密钥。")
            elif not one.whole:
                found.append(f"{who}：签名之后又添加或改动了内容。")
    return found


def standing_of(row: CertificateRow, version: int) -> Standing:
    """What a version is worth now."""
    if row.status == CredentialStatus.revoked:
        return Standing.revoked
    return Standing.valid if version == row.version else Standing.replaced


def code_of(row: CertificateRow, version: CertificateVersionRow) -> str:
    """The code that stands on this version's document."""
    return domain.proof_code(
        version.salt, row.number, version.version, version.name, row.level, row.issued_on
    )


def _verified(
    row: CertificateRow, versions: Sequence[CertificateVersionRow], given: VerifyQuery
) -> Verification:
    """Whoever has the code of a version learns what that version is worth, and its holder's name."""
    code = domain.typed_code(given.code)
    mine = next((one for one in versions if code and hmac.compare_digest(code_of(row, one), code)), None)
    named = any(given.name.strip() == one.name for one in versions)
    present = next(one for one in versions if one.version == row.version)
    shown = mine or present
    standing = standing_of(row, shown.version)
    name = shown.name if mine is not None or named else domain.masked(row.name)
    changed = row.revoked_at if standing is Standing.revoked else None
    if standing is Standing.replaced:
        changed = next(one.made_at for one in versions if one.version == shown.version + 1)
    return Verification(
        number=row.number,
        name=name,
        proven=mine is not None or named,
        level=row.level,
        level_name=row.level_name,
        issued_on=row.issued_on,
        issuers=tuple(shown.issuers["names"]),
        document_number=row.document_number,
        status=CredentialStatus(row.status),
        standing=standing,
        version=row.version,
        of_version=mine.version if mine is not None else None,
        changed_on=None if changed is None else domain.local_day(changed, "Asia/Shanghai"),
        reason=_public_reason(row),
        specimen=row.specimen,
        demo_keys=shown.demo_keys,
    )


def _public_reason(row: CertificateRow) -> RulingReason | None:
    """The reason class of a revocation: public, so that an employer knows what it means (C4)."""
    return None if row.revoked_reason is None else RulingReason(row.revoked_reason)


async def view_of(session: AsyncSession, row: CertificateRow) -> tuple[Verification, CertificateVersionRow]:
    """The whole of it, for its holder, with the present version."""
    versions = await register.versions(session, row.id)
    present = next(one for one in versions if one.version == row.version)
    return _verified(row, versions, VerifyQuery(code=code_of(row, present))), present


def no_certificate() -> DomainError:
    return DomainError(Kind.not_found, "no_certificate", "没有这个编号的证书，请核对证书上的编号。", "C2")
