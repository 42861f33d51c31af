"""Settings of the exam service: EXAM_… beside the shared FUDAO_…."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class ExamSettings(Settings):
    """`close_grace` (seconds): how long after its end a sitting closes by itself, so that answers which arrived in
    time and are still being stored are in the grade. It gives nobody more time: arrival decides (X2)."""

    model_config = SettingsConfigDict(env_prefix="EXAM_")

    service: str = "exam"
    close_grace: float = Field(default=2.0, ge=0, le=60)
