"""Rules of publication, no I/O: how a list reads, what is hashed, how a number is built, what a certificate says."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts.case import Facts, Snapshot
from contracts.http.publication import ListedPerson, ListSection, NoticeTargetView
from contracts.lifecycle import Route
from contracts.rulepack import Issuer, RulePack


@dataclass(frozen=True, kw_only=True)
class Line:
    """A person as the list needs it."""

    application_number: str
    level: str
    route: str
    name: str
    unit: str


def sections(pack: RulePack, lines: Iterable[Line], *, final: bool = False) -> tuple[ListSection, ...]:
    """The list by level in the pack's order, the direct route under a heading of its own (E5); none are empty.

    `final`: what is published is not proposed any more (N4).
    """
    word = "认定" if final else "拟认定"
    known = sorted(lines, key=lambda line: line.application_number)
    found = []
    for level in pack.levels:
        headings = [(Route.regular, f"{level.name}青少年科技辅导员{word}名单")]
        if level.direct is not None:
            headings.append((Route.direct, level.direct.heading))
        for route, heading in headings:
            people = tuple(
                ListedPerson(application_number=line.application_number, name=line.name, unit=line.unit)
                for line in known
                if (line.level, line.route) == (level.id, route.value)
            )
            if people:
                found.append(ListSection(level=level.id, heading=heading, people=people))
    return tuple(found)


def additions(
    published: Iterable[ListSection], certified: Iterable[tuple[Line, str]]
) -> tuple[ListSection, ...]:
    """Who was certified and does not stand on the list as it was published, by level (N4, N3)."""
    listed = {person.application_number for section in published for person in section.people}
    found: dict[tuple[str, str], list[ListedPerson]] = {}
    for line, level_name in certified:
        if line.application_number not in listed:
            person = ListedPerson(application_number=line.application_number, name=line.name, unit=line.unit)
            found.setdefault((line.level, level_name), []).append(person)
    return tuple(
        ListSection(
            level=level, heading=f"{name}青少年科技辅导员认定名单（公布后补充）", people=tuple(people)
        )
        for (level, name), people in found.items()
    )


def content(made: tuple[ListSection, ...]) -> dict[str, Any]:
    """The list as it is stored and hashed."""
    return {"sections": [section.model_dump(mode="json") for section in made]}


def digest(made: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a list: anybody who has it can compute it again."""
    text = json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def posting(pack: RulePack) -> dict[str, Any]:
    """What a notice says beside its list: where it has to stand (N1), and how to object (N3)."""
    targets = [
        NoticeTargetView(id=target.id, name=target.name, url=target.url, binding=target.binding)
        for target in pack.public_notice.targets
    ]
    return {
        "targets": [target.model_dump(mode="json") for target in targets],
        "objection": pack.public_notice.objection,
    }


def binding_targets(pack: RulePack) -> tuple[str, ...]:
    """The targets whose posting has to be proved before the clock starts (N1)."""
    return tuple(target.id for target in pack.public_notice.targets if target.binding)


def certificate_number(pack: RulePack, level: str, serial: int) -> str:
    """By the pack's format (C1); `level` in it is the level's place in the pack, 1 for the first."""
    place = [one.id for one in pack.levels].index(level) + 1
    return pack.certificate.number_format.format(year=pack.year, level=place, serial=serial)


def issuers_on(pack: RulePack, day: date) -> tuple[tuple[str, str], ...]:
    """ID and name of those who sign, in order; the names are those in force on the day of issue (O6, C2)."""
    known = {issuer.id: issuer for issuer in pack.issuers}
    return tuple((one, name_on(known[one], day)) for one in pack.certificate.issuers)


def name_on(issuer: Issuer, day: date) -> str:
    """A former name until its last day; one without a last day is a spelling, never in force by itself."""
    former = [
        (one.until, one.name) for one in issuer.former_names if one.until is not None and day <= one.until
    ]
    return min(former)[1] if former else issuer.name


def proof_code(salt: str, number: str, version: int, name: str, level: str, issued_on: date) -> str:
    """Ten characters on the document. They follow from what it says and from a salt: they prove that one has it,
    and a register in which somebody has changed the name does not match them any more."""
    said = json.dumps([salt, number, version, name, level, issued_on.isoformat()], ensure_ascii=False)
    return base64.b32encode(hashlib.sha256(said.encode()).digest())[:10].decode()


def typed_code(text: str) -> str:
    """A code as somebody typed it: spaces, hyphens and small letters aside."""
    return re.sub(r"[\s-]", "", text).upper()


def printed_code(code: str) -> str:
    return f"{code[:5]}-{code[5:]}"


def masked(name: str) -> str:
    """The first character: for whoever has only a number, which can be guessed."""
    return name[:1] + "*" * max(1, len(name) - 1)


def local_day(moment: datetime, timezone: str) -> date:
    return moment.astimezone(ZoneInfo(timezone)).date()


def photo_key(snapshot: Snapshot, facts: Facts | None) -> str | None:
    """Content key of the accepted photo (Q2), if there is one."""
    if snapshot.photo_file_id is None or facts is None:
        return None
    found = facts.files.get(snapshot.photo_file_id)
    return None if found is None else f"sha256/{found.sha256}"


def in_chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
