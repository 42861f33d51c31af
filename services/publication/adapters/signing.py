"""PAdES signatures of a certificate, one issuer after the other (C2): B-B offline, B-T with a time-stamping authority.

The first certifies the document and allows only further signatures; each covers all that was there before it.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.publication.adapters.keys import Keys, Seal

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer

REASON = "颁发证书"


class Sealer:
    """Signs in a thread. `tsa_url`: empty, no time stamps."""

    def __init__(self, keys: Keys, tsa_url: str = "") -> None:
        self._keys, self._tsa_url = keys, tsa_url

    async def seals(self, issuers: Sequence[tuple[str, str]]) -> tuple[Seal, ...]:
        """Who would sign; asked before the document is made, which says whether keys are demo ones. Errors: NoKey."""
        return await asyncio.to_thread(self._keys.seals, issuers)

    async def sign(self, pdf: bytes, seals: Sequence[Seal], number: str, moment: datetime) -> bytes:
        """The document with a signature of each, in this order. Not the same bytes each time: keep the first.

        Errors: what the token or the time-stamping authority says; it passes through and is tried again.
        """
        return await asyncio.to_thread(self._sign, pdf, seals, number, moment)

    def _sign(self, pdf: bytes, seals: Sequence[Seal], number: str, moment: datetime) -> bytes:
        for place, seal in enumerate(seals, 1):
            with seal.open() as signer:
                pdf = _one(pdf, signer, seal, place, f"{REASON} {number}", moment, self._tsa_url)
        return pdf


def _one(
    pdf: bytes, signer: Signer, seal: Seal, place: int, reason: str, moment: datetime, tsa_url: str
) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.timestamps import HTTPTimeStamper

    class At(PdfSigner):
        """Tells the time of our clock, not of this machine's."""

        def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
            session = super().init_signing_session(pdf_out, existing_fields_only)
            session.system_time = moment
            return session

    about = PdfSignatureMetadata(
        field_name=f"Issuer{place}",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=seal.name,
        reason=reason,
        certify=place == 1,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    stamper = HTTPTimeStamper(tsa_url, timeout=15) if tsa_url else None
    signed = At(about, signer, timestamper=stamper).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)))
    found: bytes = signed.getvalue()
    return found
