"""How often one address may check certificates: numbers follow one another, and nobody is to walk through them."""

from __future__ import annotations

from typing import Literal

from fastapi import Request

from gateway.accounts import codes
from gateway.parts import Parts

Pace = Literal["verify", "check"]
_HOUR = 3600


async def pace(request: Request, what: Pace) -> None:
    """Counts one check by number, or of a PDF. Errors: 429 `too_many_requests`."""
    parts: Parts = request.app.state.parts
    settings = parts.settings
    limit = {
        "verify": settings.verifications_per_address_hour,
        "check": settings.pdf_checks_per_address_hour,
    }[what]
    address = request.client.host if request.client else ""
    async with parts.db.unit_of_work() as session:
        await codes.limit_address(session, settings, f"certificate_{what}", address, limit, _HOUR)
