"""Words that every part of a rule pack uses: identifiers, spans of time, moments, clauses, 口径."""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

ISO_SPAN = re.compile(
    r"^P(?=\d|T\d)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?$"
)
WORKING_DAYS = re.compile(r"^(?P<count>\d+) working days?$")


def _span(value: str) -> str:
    if not (ISO_SPAN.match(value) or WORKING_DAYS.match(value)):
        raise ValueError("时长应写成 ISO 8601（如 PT45S、P3M）或 “N working days”")
    return value


def _local(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?", value):
        raise ValueError("时间应写成 2025-02-14 或 2025-02-14T09:00（当地时间）")
    date.fromisoformat(value[:10])
    return value


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Span = Annotated[str, AfterValidator(_span)]
"""ISO 8601 duration, or `N working days` (ends at 24:00 of the Nth working day)."""
LocalMoment = Annotated[str, AfterValidator(_local)]
"""Local date (as an end: 24:00 of that day) or local date and time, in the pack's time zone."""
Ratio = Annotated[Decimal, Field(gt=0, le=1)]


class Model(BaseModel):
    """Frozen part of a pack; an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Moment(StrEnum):
    """Latest moment at which an open value must be set, in this order."""

    OPEN = "open"
    MARKS = "marks"
    RANKING = "ranking"
    NOTICE = "notice"


MOMENTS = tuple(Moment)
MOMENT_NAMES = {
    Moment.OPEN: "开放申报前",
    Moment.MARKS: "第一份成绩打开前",
    Moment.RANKING: "排名前",
    Moment.NOTICE: "公示前",
}


class Clause(Model):
    """One clause: `quote` stands word for word in the notice; a silent clause has none."""

    id: Id
    name: Text
    quotes: tuple[Text, ...] = ()
    silent: bool = False


class NoticeDocument(Model):
    """The official document a pack is written from; `text` names its file in the pack."""

    number: Text
    title: Text
    issued: date
    issuer: Id
    text: str | None = None


class FormerName(Model):
    """A former or other official name, with the last day of its use where known."""

    name: Text
    until: date | None = None
    source: str = ""


class Issuer(Model):
    """An association that issues certificates (O6)."""

    id: Id
    name: Text
    role: Literal["national", "local"]
    former_names: tuple[FormerName, ...] = ()
    site: str | None = None
    name_confirmed: bool = False


class Interpretation(Model):
    """口径 (I1): what was decided where the notice is silent. Without a date it is a draft."""

    id: Id
    clause: Id
    text: Text
    decided_on: date | None = None


class Decision(Model):
    """An open value of the notice: the field it fills and the latest moment it must be settled.

    `undecided` means that nobody has decided it: the value in the pack, if any, is a proposal.
    """

    id: Id
    field: Text
    name: Text
    latest: Moment
    interpretation: Id
    state: Literal["undecided", "decided"] = "undecided"
    document: str | None = None


class Ranked(Model):
    """One entry of an ordered table (tiers E0, education E6, prizes E5): a higher rank is higher."""

    id: Id
    name: Text
    rank: int
    aliases: tuple[str, ...] = ()


class Named(Model):
    """An entry of a plain list: people the notice is for, districts."""

    id: Id
    name: Text


class SealSubstitute(Model):
    """Who may seal for whom (A8). `kinds`: applicants' kinds whose line it is; their form shows it first."""

    id: Id
    who: Text
    seal: Text
    kinds: tuple[Id, ...] = ()
