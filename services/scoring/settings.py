"""Settings of the scoring service."""

from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class ScoringSettings(Settings):
    """The shared settings; SCORING_… wins over FUDAO_…."""

    model_config = SettingsConfigDict(env_prefix="SCORING_")

    service: str = "scoring"
