"""Settings of the publication service: PUBLICATION_… beside the shared FUDAO_…."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class PublicationSettings(Settings):
    """`public_url`: the address that certificates name for verification; `font_paths`: instead of the system's."""

    model_config = SettingsConfigDict(env_prefix="PUBLICATION_")

    service: str = "publication"
    public_url: str = ""
    font_paths: tuple[Path, ...] = ()
    db_pool: int = 6

    @property
    def verification_url(self) -> str:
        return (self.public_url or self.gateway_url).rstrip("/")
