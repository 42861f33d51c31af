"""Settings of the review service."""

from datetime import timedelta

from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class ReviewSettings(Settings):
    """Environment: REVIEW_… for these, FUDAO_… for what kit needs."""

    model_config = SettingsConfigDict(
        env_prefix="REVIEW_", extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    service: str = "review"
    lease: timedelta = timedelta(minutes=30)
    """How long a claimed task stays with one person without a sign of life."""
    link_lifetime: timedelta = timedelta(minutes=5)
    """How long a link to a file opens."""
    draw_again: timedelta = timedelta(minutes=1)
    """When a draw that found too few experts is tried again."""
