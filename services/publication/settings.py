"""Settings of the publication service: PUBLICATION_… beside the shared FUDAO_…."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings

MiB = 2**20


class SignerSettings(BaseModel):
    """One issuer's key: a PKCS#12 file, or a PKCS#11 module with the labels of token, certificate and key."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    pkcs12: Path | None = None
    passphrase: SecretStr = SecretStr("")
    """Of the file, or the token's PIN."""
    module: Path | None = None
    token: str = ""
    certificate: str = ""
    key: str = ""
    raw: bool = False
    """The token signs digests only and cannot hash by itself."""


class PublicationSettings(Settings):
    """`public_url`: the address that certificates name for verification; `font_paths`: instead of the system's."""

    model_config = SettingsConfigDict(
        env_prefix="PUBLICATION_",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    service: str = "publication"
    public_url: str = ""
    font_paths: tuple[Path, ...] = ()
    db_pool: int = 6

    signers: dict[str, SignerSettings] = Field(default_factory=dict)
    """By the pack's IDs of issuers, as JSON: {"national": {"pkcs12": "/run/keys/national.p12", "passphrase": "…"}}."""
    trust_roots: tuple[Path, ...] = ()
    """Certificates (PEM, DER) that vouch for signers, earlier ones too: by them uploaded PDFs are judged."""
    tsa_url: str = ""
    """A time-stamping authority (RFC 3161), makes signatures PAdES B-T; empty: B-B, as nobody may be reached."""
    demo_keys: Path | None = None
    """Folder of demo keys for issuers without one; they are no 电子印章, and certificates say so."""
    credential_key: Path | None = None
    """P-256 private key (PEM) of credentials and status lists."""
    credential_passphrase: SecretStr = SecretStr("")
    credential_old_keys: tuple[Path, ...] = ()
    """Earlier ones (public or private PEM), still published, so that credentials made with them verify."""
    examine_timeout: float = Field(default=10.0, gt=0)
    """Seconds by the clock that looking at one uploaded PDF may take."""
    examine_memory: int = Field(default=768 * MiB, gt=0)
    """Address space of the process that looks at uploaded PDFs."""

    @property
    def verification_url(self) -> str:
        return (self.public_url or self.gateway_url).rstrip("/")
