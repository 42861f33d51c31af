"""Renders templates in the reader's language; what every page needs (who am I, where may I go) comes from here."""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from contracts.commands import Role
from contracts.http.files import UPLOAD_MAX_BYTES
from gateway import words
from gateway.accounts.sessions import Known
from gateway.policy import READERS
from gateway.settings import GatewaySettings

HERE = Path(__file__).parent
LANGUAGES: Mapping[str, str] = {"zh": "中文", "en": "English"}
LANGUAGE_COOKIE = "fudao_language"
_SHANGHAI = ZoneInfo("Asia/Shanghai")


class Renderer:
    """One Jinja environment a language."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._environments = {language: environment(language) for language in LANGUAGES}

    def page(
        self,
        request: Request,
        template: str,
        context: Mapping[str, Any] | None = None,
        *,
        status: int = 200,
    ) -> HTMLResponse:
        """A page as an answer."""
        language = language_of(request)
        known: Known | None = getattr(request.state, "known", None)
        shared = {
            "language": language,
            "languages": LANGUAGES,
            "here": _here(request),
            "path_now": request.url.path,
            "known": known,
            "links": _links(
                known if known and not known.awaiting else None, embedded=self._settings.embedded
            ),
            "embedded": self._settings.embedded,
            "words": words,
            "in_wechat": in_wechat(request),
            "cited": {},
        }
        text = self._environments[language].get_template(template).render(**shared, **(context or {}))
        headers = {
            "content-language": "zh-CN" if language == "zh" else language,
            "vary": "accept-language, cookie",
        }
        return HTMLResponse(text, status, headers=headers)


def environment(language: str) -> Environment:
    """Templates with the catalogue of one language; Chinese is what the templates say themselves."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    env.filters["moment"] = moment
    env.filters["deadline"] = deadline
    env.filters["yuan"] = yuan
    env.filters["filesize"] = filesize
    env.globals["chip"] = chip
    env.globals["upload_limits"] = {purpose.value: limit for purpose, limit in UPLOAD_MAX_BYTES.items()}
    return env


def catalogue(language: str) -> gettext.NullTranslations:
    """The catalogue compiled from its .po, so that nothing has to be built."""
    path = HERE / "locale" / language / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        read = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language_of(request: Request) -> str:
    """The switch's cookie, else the browser's wish, else Chinese."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    wished = []
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wished.append((float(quality or 1), tag.partition("-")[0].lower()))
        except ValueError:
            continue
    for _, tag in sorted(wished, key=lambda one: -one[0]):
        if tag in LANGUAGES:
            return tag
    return "zh"


@pass_context
def chip(context: Context, clause: str, lead: str = "") -> Markup:
    """The number of a clause; where the page has `clauses`, with what it says: on a tap, and at the page's foot.

    No stop for the tabulator key: a keyboard finds the same words once, at the foot.
    """
    inner = f"{lead} {clause}" if lead else clause
    said = (context.get("clauses") or {}).get(clause)
    if said is None:
        return Markup('<span class="clause">{}</span>').format(inner)
    cited = context.get("cited")
    if cited is not None:
        cited[clause] = said
    return Markup('<a class="clause" tabindex="-1" href="#clause-{}" title="{}">{}</a>').format(
        clause, said, inner
    )


def in_wechat(request: Request) -> bool:
    """WeChat's own browser, which blocks downloads and some uploads: pages say how to leave it."""
    return "MicroMessenger" in request.headers.get("user-agent", "")


def moment(at: datetime | None) -> str:
    """2026-03-01 16:00 in Chongqing's time."""
    return at.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M") if at else "—"


def deadline(at: datetime | None) -> str:
    """As moment, but the end of a day is that day's 24:00: people read 00:00 as a day more (A5)."""
    if at is None:
        return "—"
    local = at.astimezone(_SHANGHAI)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return moment(at)


def yuan(fen: int) -> str:
    """10000 → 100.00"""
    return f"{fen // 100}.{fen % 100:02}"


def filesize(n: int) -> str:
    """5242880 → 5 MB"""
    for unit, size in (("MB", 2**20), ("KB", 2**10)):
        if n >= size:
            return f"{n / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{n} B"


def _here(request: Request) -> str:
    """Where the language switch comes back to."""
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def _links(known: Known | None, *, embedded: bool) -> list[tuple[str, str]]:
    """Navigation by role: address and text."""
    links = [("/", "首页"), ("/notices", "公示"), ("/verify", "证书核验")]
    if known is None:
        return links
    if Role.applicant in known.roles:
        links.append(("/my", "我的申报"))
    else:
        links.append(("/staff", "工作台"))
    if set(READERS).intersection(known.roles):
        links.append(("/staff/rounds", "年度认证"))
    if {Role.approver, Role.secretariat, Role.supervisor}.intersection(known.roles):
        links.append(("/staff/proposals", "双人审批"))
    if Role.supervisor in known.roles:
        links.append(("/staff/complaints", "投诉办理"))
    if {Role.secretariat, Role.supervisor}.intersection(known.roles):
        links.append(("/staff/money", "缴费管理"))
    elif Role.approver in known.roles:
        links.append(("/staff/money/approvals", "缴费审批"))
    if embedded and Role.operator in known.roles:
        links.append(("/mailbox", "收件箱"))
    return links
