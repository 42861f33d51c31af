"""Settings of the gateway: own ones as GATEWAY_… or FUDAO_…, shared ones as FUDAO_…."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class GatewaySettings(Settings):
    """Nothing is required at import; what is missing is named where it is needed."""

    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    service: str = "gateway"
    db_pool: int = 10
    db_overflow: int = 10

    operator_token: SecretStr = SecretStr("")
    """Lets the first operator in, once, by /setup?token=…; empty: no set-up by link."""
    embedded: bool = False
    """Everything on one machine: mailbox page, codec for loopback clients, no rate limit for loopback addresses."""
    public_url: str = ""
    """How browsers reach us (https://…), when a proxy stands in between; cookies are Secure under https."""
    trusted_proxies: str = ""
    temporal_ui_url: str = ""
    """Address of the Temporal Web UI: linked for operators, allowed to call /codec."""
    rulepacks_dir: Path = Path("rulepacks")

    person_session_days: int = 30
    staff_session_hours: int = 12
    second_factor: Literal["", "required", "offered"] = ""
    """Whether staff must have a second factor; empty: in the embedded default it is offered, else required."""
    half_session_minutes: int = 15
    """How long a session lasts that still waits for its second factor."""
    join_link_hours: int = 72
    """How long a one-time link is good by which a member of staff sets their password."""
    code_seconds: int = 300
    code_again_seconds: int = 60
    """One code a phone within this time."""
    codes_per_phone_hour: int = 6
    codes_per_address_hour: int = 60
    tries_per_address_quarter: int = 60
    """Codes or passwords that one address may try in 15 minutes."""
    tries_per_username_quarter: int = 10

    recoveries_per_phone_day: int = 3
    recoveries_per_address_day: int = 10
    recovery_days: int = 14
    """After which an account recovery that nobody decided has run out (A1)."""
    recovery_keep_days: int = 180
    """How long pictures of documents and letters are kept after the end of a recovery."""
    complaints_per_address_day: int = 10
    complaint_looks_per_address_quarter: int = 60
    complaint_looks_per_number_quarter: int = 12
    """How often a complaint's number may be tried in 15 minutes, whatever the code (A21)."""
    help_minutes: int = 30
    """For how long help at the counter lasts; it ends by itself (A9)."""
    verifications_per_address_hour: int = 120
    """Certificates that one address may check by number in an hour."""
    pdf_checks_per_address_hour: int = 30
    """PDFs that one address may have checked in an hour."""
    unmask_seconds: int = 300
    """For how long an unmasked ID number is shown."""

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def second_factor_required(self) -> bool:
        return self.second_factor == "required" or (self.second_factor == "" and not self.embedded)

    @property
    def cookie(self) -> str:
        """Name of the session cookie; __Host- makes browsers hold it to this host, path / and https."""
        return "__Host-fudao" if self.secure_cookies else "fudao"
