"""Settings of the registration service: REGISTRATION_… beside the shared FUDAO_…."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings

MiB = 2**20


class RegistrationSettings(Settings):
    """Environment: REGISTRATION_… for these, FUDAO_… for what kit needs. Sizes in bytes."""

    model_config = SettingsConfigDict(
        env_prefix="REGISTRATION_",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    service: str = "registration"
    photo_max_bytes: int = Field(default=5 * MiB, gt=0)
    evidence_max_bytes: int = Field(default=20 * MiB, gt=0)
    scan_max_bytes: int = Field(default=30 * MiB, gt=0)
    files_per_application: int = Field(default=200, gt=0)
    """How many uploads one application may begin; refused ones count, so that nobody fills the store."""
    upload_lifetime: timedelta = timedelta(minutes=30)
    link_lifetime: timedelta = timedelta(minutes=5)
    inspection_timeout: float = Field(default=20.0, gt=0)
    """Seconds after which a file that is still being opened counts as one that does not open."""
    inspection_memory: int = Field(default=1024 * MiB, gt=0)
    """Address space of the process that opens files."""
    scan_timeout: float = Field(default=60.0, gt=0)
    """Seconds by the clock that reading one file of a scan may take; beyond, a person looks at it."""
    scan_memory: int = Field(default=1536 * MiB, gt=0)
    """Address space of the process that reads scans."""
    font_paths: tuple[Path, ...] = ()
    """Folders with Noto/Source Han CJK fonts; empty: looked for where systems keep them."""
