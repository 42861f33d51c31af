"""The payer's receipt as PDF (typst)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from kit.typesetting import Typesetter

_TEMPLATE = Path(__file__).parent / "receipt.typ"


@dataclass(frozen=True, kw_only=True)
class ReceiptContent:
    """`lines`: day, channel, transaction number, yuan."""

    payee: str
    name: str
    unit: str
    number: str
    level: str
    purpose: str
    lines: Sequence[tuple[str, str, str, str]]
    total: str


async def render(typesetter: Typesetter, content: ReceiptContent, moment: datetime) -> bytes:
    """The PDF. Errors: those of `Typesetter.render`."""
    return await typesetter.render(_TEMPLATE.read_bytes(), asdict(content), moment)
