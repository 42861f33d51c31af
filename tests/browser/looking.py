"""How tests look at pages: as a person on a phone or at a desk, by a picture, and for everybody (axe)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, ViewportSize

from tests.browser.site import Reached

PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=850)
_SERIOUS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => [one.id, one.nodes[0].target.join(" "), one.nodes.length]);
}"""


@asynccontextmanager
async def opened(
    browser: Browser,
    site: Reached,
    *,
    token: str | None = None,
    size: ViewportSize | None = None,
    expected: str = "the server responded with a status of",
    **options: Any,
) -> AsyncIterator[Page]:
    """A page of a fresh browser profile; an un`expected` message of the console (blocked script …) fails the test."""
    context = await browser.new_context(
        viewport=size or PHONE, locale=options.pop("locale", "zh-CN"), **options
    )
    if token is not None:
        await context.add_cookies([{"name": site.world.settings.cookie, "value": token, "url": site.url}])
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        yield page
    except BaseException:
        await _tell(page, said)
        raise
    finally:
        await context.close()
    assert [text for text in said if expected not in text] == []


async def _tell(page: Page, said: list[str]) -> None:
    """What the page of a failed test says, for its report: a failure that is rare is not seen again soon."""
    print(f"page {page.url}")
    print(await page.evaluate("document.querySelector('[data-state]')?.textContent"))
    print(await page.evaluate("(document.querySelector('main') ?? document.body).innerText.slice(0, 3000)"))
    print("console", said)
    await shot(page, "failed")


async def shot(page: Page, name: str) -> None:
    """Where a folder is given (`FUDAO_SHOTS`), what the page looks like."""
    if folder := os.environ.get("FUDAO_SHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def sideways(page: Page) -> int:
    """By how many pixels it scrolls sideways."""
    return int(
        await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


async def faults(page: Page, axe: str = "") -> list[Any]:
    """Sideways scrolling and headings; with the text of axe also what it calls serious or critical."""
    found: list[Any] = []
    if axe:
        await page.evaluate(axe)
        found = await page.evaluate(_SERIOUS)
    if over := await sideways(page):
        found.append(["scrolls sideways", over])
    if (headings := await page.locator("h1").count()) != 1:
        found.append(["headings", headings])
    return found


async def faults_of_all(
    browser: Browser,
    site: Reached,
    pages: Iterable[tuple[str | None, str]],
    axe: str,
    *,
    before: Callable[[Page], Awaitable[None]] | None = None,
) -> list[Any]:
    """Of each page (token, path): on a phone and a desk in Chinese, on a phone in English; with pictures by `shot`.

    A page is loaded once per language and looked at at each width. `before` prepares the browser's page.
    """
    found: list[Any] = []
    whose: dict[str | None, list[str]] = {}
    for token, path in pages:
        whose.setdefault(token, []).append(path)
    for token, paths in whose.items():
        for locale, sizes in (("zh-CN", (PHONE, DESK)), ("en-GB", (PHONE,))):
            async with opened(browser, site, token=token, locale=locale) as page:
                if before is not None:
                    await before(page)
                for path in paths:
                    answer = await page.goto(site.url + path)
                    if answer is None or answer.status != (404 if path == "/nope" else 200):
                        found.append((path, locale, "status", answer and answer.status))
                    for size in sizes:
                        await page.set_viewport_size(size)
                        # what English adds is longer words
                        seen = await faults(page, axe if locale == "zh-CN" else "")
                        found += [(path, locale, size["width"], *one) for one in seen]
                        name = "".join(one if one.isalnum() else "-" for one in path.strip("/"))
                        await shot(page, f"{name or 'start'}-{locale[:2]}-{size['width']}")
    return found
