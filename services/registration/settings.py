"""Settings of the registration service: REGISTRATION_… beside the shared FUDAO_…."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from contracts.http.files import UPLOAD_MAX_BYTES, Purpose
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
    photo_max_bytes: int = Field(default=UPLOAD_MAX_BYTES[Purpose.photo], gt=0)
    evidence_max_bytes: int = Field(default=UPLOAD_MAX_BYTES[Purpose.evidence], gt=0)
    scan_max_bytes: int = Field(default=UPLOAD_MAX_BYTES[Purpose.scan], gt=0)
    files_per_application: int = Field(default=600, gt=0)
    """How many files one application may hold."""
    uploads_per_application: int = Field(default=2000, gt=0)
    """How many uploads it may begin; refused and removed ones count, so that nobody fills the store."""
    upload_lifetime: timedelta = timedelta(minutes=30)
    link_lifetime: timedelta = timedelta(minutes=5)
    inspection_timeout: float = Field(default=30.0, gt=0)
    """Seconds by the clock after which a file that is still being opened counts as one that does not open."""
    inspection_cpu: int = Field(default=7, gt=0)
    """Seconds of CPU that opening one file may take."""
    inspection_memory: int = Field(default=256 * MiB, gt=0)
    """Data of the process that opens files, libraries aside: all of it stays below 300 MiB."""
    clamd_socket: str = ""
    """Path of clamd's unix socket; it goes before host and port. Neither: no virus scan, as the log says."""
    clamd_host: str = ""
    clamd_port: int = Field(default=3310, gt=0)
    clamd_timeout: float = Field(default=20.0, gt=0)
    scan_again: timedelta = timedelta(seconds=15)
    """After how long a file is tried again that clamd could not be asked about."""
    ocr: bool = True
    """Read evidence without a text layer by OCR, where the extra `ocr` is installed (Q9)."""
    photo_pixels: int = Field(default=1158, gt=0)
    """Height of the stored photo at most: 49 mm at 600 dpi."""
    scan_timeout: float = Field(default=60.0, gt=0)
    """Seconds by the clock that reading one file of a scan may take; beyond, a person looks at it."""
    scan_memory: int = Field(default=1536 * MiB, gt=0)
    """Address space of the process that reads scans."""
    font_paths: tuple[Path, ...] = ()
    """Folders with Noto/Source Han CJK fonts; empty: looked for where systems keep them."""
