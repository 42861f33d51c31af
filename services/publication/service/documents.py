"""Makes the document of a certificate: what it says, typeset, signed by every issuer, stored by its hash."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from PIL import Image

from contracts.rulepack import RulePack
from kit.errors import DomainError
from kit.storage import ObjectStore
from kit.typesetting import Typesetter, photo_svg, qr_svg
from rules.cache import Packs
from services.publication import domain
from services.publication.adapters.signing import Sealer
from services.publication.models import CertificateRow


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One document. `reissued_on`: None for the first under a number."""

    certificate: CertificateRow
    version: int
    name: str
    pack_key: str
    photo_key: str | None
    moment: datetime
    """When it is signed, by PostgreSQL's clock."""
    reissued_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the register keeps of it."""

    pdf_key: str
    salt: str
    issuers: tuple[str, ...]
    made_on: date
    demo_keys: bool


class Documents:
    """Outside every transaction. Two calls give two documents: the caller stores the first and drops the other."""

    def __init__(
        self, store: ObjectStore, packs: Packs, typesetter: Typesetter, sealer: Sealer, url: str
    ) -> None:
        self._store, self._packs, self._typesetter, self._sealer = store, packs, typesetter, sealer
        self._url = url

    async def make(self, wanted: Wanted) -> Made:
        """Errors: NoKey while an issuer has no key, and whatever store, token or authority say: tried again."""
        loaded = await self._packs.get(wanted.pack_key)
        pack = loaded.pack
        made_on = wanted.reissued_on or wanted.certificate.issued_on
        issuers = domain.issuers_on(pack, made_on)
        seals = await self._sealer.seals(issuers)
        demo = any(seal.demo for seal in seals)
        salt = secrets.token_hex(16)
        names = tuple(name for _, name in issuers)
        content = await self._content(pack, wanted, salt, names, demo=demo)
        template = loaded.files[pack.templates["certificate"]]
        pdf = await self._typesetter.render(template, content, wanted.moment)
        signed = await self._sealer.sign(pdf, seals, wanted.certificate.number, wanted.moment)
        key = await self._store.put_content(signed, "application/pdf")
        return Made(pdf_key=key, salt=salt, issuers=names, made_on=made_on, demo_keys=demo)

    async def usable_photo(self, key: str) -> bool:
        """Whether a new photo is there and is a picture: what cannot be drawn must not wait for a second person."""
        try:
            data = await self._store.get_content(key)
            await asyncio.to_thread(photo_svg, data)
        except (DomainError, OSError, ValueError, Image.DecompressionBombError):
            return False
        return True

    def address(self, number: str, code: str) -> str:
        """Where everybody checks this document; the QR code leads there."""
        return f"{self._url}/verify/{number}?c={code}"

    async def _content(
        self, pack: RulePack, wanted: Wanted, salt: str, issuers: tuple[str, ...], *, demo: bool
    ) -> dict[str, object]:
        """What the certificate says; the photo is the one accepted in the review (Q2)."""
        row = wanted.certificate
        photo = None
        if wanted.photo_key is not None:
            photo = photo_svg(await self._store.get_content(wanted.photo_key))
        code = domain.proof_code(salt, row.number, wanted.version, wanted.name, row.level, row.issued_on)
        again = wanted.reissued_on
        return {
            "title": pack.certificate.title,
            "round": pack.name,
            "number": row.number,
            "name": wanted.name,
            "level": row.level_name,
            "document_number": row.document_number,
            "issued_on": domain.in_chinese(row.issued_on),
            "reissued_on": None if again is None else domain.in_chinese(again),
            "issuers": issuers,
            "specimen": row.specimen,
            "demo_keys": demo,
            "photo": photo,
            "code": domain.printed_code(code),
            "qr": qr_svg(self.address(row.number, code)),
        }
