"""What the signatures of a PDF say, offline: who, when, is it intact, does it cover everything. Knows no register.

Strangers' PDFs are looked at in a process of its own (`examiner`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from contracts.http.certificates import SignatureView
from services.publication.adapters.keys import DEMO

if TYPE_CHECKING:
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

MAX_SIGNATURES = 8
"""Ours have two; with more it is another's document, and looking costs."""
_HEX = re.compile(rb"<([0-9A-F]*)>")


class Examined(BaseModel):
    """`readable`: it is a PDF at all. `sealed`: the last signature covers every byte of the file but its own."""

    model_config = ConfigDict(frozen=True)

    readable: bool
    sealed: bool = False
    signatures: tuple[SignatureView, ...] = ()


def examine(pdf: bytes, roots: Sequence[bytes], moment: datetime) -> Examined:
    """`roots`: certificates (DER) that vouch for signers; `moment`: when they have to be valid. Blocks."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        found = list(PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures)[: MAX_SIGNATURES + 1]
    except Exception:
        # whatever a parser makes of a stranger's file: that it cannot be read is the answer
        return Examined(readable=False)
    if len(found) > MAX_SIGNATURES:
        return Examined(readable=True)
    views = tuple(_views(found, roots, moment))
    sealed = bool(found) and views[-1].whole and _tight(pdf, found[-1])
    return Examined(readable=True, sealed=sealed, signatures=views)


def _views(
    found: Sequence[EmbeddedPdfSignature], roots: Sequence[bytes], moment: datetime
) -> Iterator[SignatureView]:
    for one in found:
        try:
            yield _view(one, roots, moment, last=one is found[-1])
        except Exception:
            # a signature that cannot even be evaluated does not hold
            yield SignatureView(
                signer="", signed_at=None, intact=False, trusted=False, whole=False, demo=False
            )


def _view(
    one: EmbeddedPdfSignature, roots: Sequence[bytes], moment: datetime, *, last: bool
) -> SignatureView:
    from asn1crypto import x509
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    trusted = [x509.Certificate.load(root) for root in roots]
    context = ValidationContext(trust_roots=trusted, allow_fetching=False, moment=moment)
    status = validate_pdf_signature(one, context)
    if last:
        whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    else:
        later = status.modification_level
        covers = status.coverage in (
            SignatureCoverageLevel.ENTIRE_REVISION,
            SignatureCoverageLevel.ENTIRE_FILE,
        )
        whole = covers and later is not None and later <= ModificationLevel.FORM_FILLING
    named = status.signing_cert.subject.native
    stamped = status.timestamp_validity is not None and status.timestamp_validity.valid
    return SignatureView(
        signer=str(named.get("organization_name") or named.get("common_name") or ""),
        signed_at=status.signer_reported_dt,
        intact=bool(status.intact and status.valid),
        trusted=bool(status.trusted),
        whole=whole and status.docmdp_ok is not False,
        demo=DEMO in str(named.get("common_name")),
        timestamped=stamped,
    )


def _tight(pdf: bytes, last: EmbeddedPdfSignature) -> bool:
    """Whether the one place that no signature covers, the last signature itself, holds that and zeros, nothing else."""
    from asn1crypto import parser

    start, length, again, rest = (int(number) for number in last.byte_range)
    gap = _HEX.fullmatch(pdf[length:again])
    if gap is None or start != 0 or again + rest != len(pdf):
        return False
    held = bytes.fromhex(gap[1].decode())
    return not any(held[parser.peek(held) :])
