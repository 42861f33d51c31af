"""A small demo from an empty folder to certificates: everything real, all through the public API, parts of it killed.

It is played once for all that looks at it; what an undisturbed one comes to is kept in `round.json` (written anew by
`FUDAO_GOLDEN=write`, which plays one without kills). Its people are the markers that are searched in the stores:
nobody's name, phone or ID number gets where it must not.
"""

import asyncio
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.demo.people import people
from rules.pack import load
from services.publication.adapters.examining import examine
from tests.demos import APPLICANTS, SEED, Demo, DemoRun, left_running, start_demo
from tests.sizes import FULL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
VICTIMS = ("workflows", "gateway", "registration", "review") * 2  # each twice


KEPT = Path(__file__).parent / "round.json"
"""Outcomes and digest of an undisturbed demo of this seed and size."""


@dataclass(frozen=True, kw_only=True)
class KilledRun(DemoRun):
    """Which processes were killed meanwhile; every process that was seen."""

    killed: frozenset[str]
    seen: dict[str, int]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo_run() -> AsyncIterator[KilledRun]:
    """A whole round with processes killed."""
    async with removed(await start_demo()) as demo:
        yield await finish_with_kills(demo)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def undisturbed() -> dict[str, Any]:
    """`by_outcome` and `digest` without kills: as kept, or played where they are to be written or held anew."""
    writes = os.environ.get("FUDAO_GOLDEN") == "write"
    if not writes and not FULL:
        kept: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
        return kept
    async with removed(await start_demo()) as demo:
        report = (await demo.finish()).report
    found = {name: report[name] for name in ("by_outcome", "digest")}
    if writes:
        KEPT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


@asynccontextmanager
async def removed(demo: Demo) -> AsyncIterator[Demo]:
    """Ended if it still runs, and its folder deleted."""
    try:
        yield demo
    finally:
        if demo.process.returncode is None:
            demo.process.terminate()
            await demo.process.wait()
        shutil.rmtree(demo.folder, ignore_errors=True)


async def finish_with_kills(demo: Demo) -> KilledRun:
    """Kills one process after the other while people apply, each started again by the supervisor."""
    killed: list[str] = []
    seen: dict[str, int] = {}
    output = demo.folder / "output"
    while demo.process.returncode is None and len(killed) < len(VICTIMS):
        await asyncio.sleep(1)
        said = output.read_text(encoding="utf-8")
        if "资格审查" in said:
            break
        if "登录与实名" not in said:
            continue
        name = VICTIMS[len(killed)]
        pids = demo.pids()
        seen |= pids
        if name in pids:
            with suppress(ProcessLookupError):
                os.kill(pids[name], signal.SIGKILL)
                killed.append(name)
        await asyncio.sleep(4)
    run = await demo.finish()
    return KilledRun(**vars(run), killed=frozenset(killed), seen=seen | demo.pids())


def test_every_number_adds_up_to_the_applicants(demo_run: DemoRun) -> None:
    outcomes = demo_run.report["by_outcome"]
    assert set(outcomes) == {"junior", "intermediate"}
    assert demo_run.report["applicants"] == APPLICANTS
    assert sum(n for level in outcomes.values() for n in level.values()) == APPLICANTS
    certified = sum(level["certified"] for level in outcomes.values())
    assert len(demo_run.report["certificates"]) == certified
    assert all(level["certified"] > 0 for level in outcomes.values())


def test_the_mix_reaches_many_exits(demo_run: DemoRun) -> None:
    reached = {
        outcome
        for level in demo_run.report["by_outcome"].values()
        for outcome, people in level.items()
        if people
    }
    assert reached >= {"certified", "not_certified", "not_qualified", "lapsed"}


@pytest.mark.clause("C1", "C3")
def test_certificates_open_and_show_chinese_text(demo_run: DemoRun) -> None:
    numbers = [one["number"] for one in demo_run.report["certificates"]]
    assert len(set(numbers)) == len(numbers)
    for one in demo_run.report["certificates"]:
        document = pypdfium2.PdfDocument(Path(one["file"]))
        text = document[0].get_textpage().get_text_bounded()
        document.close()
        assert one["number"] in text
        assert "青少年科技辅导员" in text
        assert "不具有证明效力" in text  # a demo key is no 电子印章 (C2)


@pytest.mark.clause("C2")
def test_both_issuers_have_signed_every_certificate(demo_run: DemoRun) -> None:
    """By the demo's own CA alone, without asking anybody."""
    ca = x509.load_pem_x509_certificate((demo_run.data / "signing" / "ca.pem").read_bytes())
    for one in demo_run.report["certificates"]:
        seen = examine(Path(one["file"]).read_bytes(), [ca.public_bytes(Encoding.DER)], datetime.now(UTC))
        assert seen.sealed
        assert [(view.signer[:2], view.intact, view.trusted, view.demo) for view in seen.signatures] == [
            ("中国", True, True, True),
            ("重庆", True, True, True),
        ]


def test_the_list_has_a_digest_and_the_table_says_where_things_are(demo_run: DemoRun) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", demo_run.report["digest"])
    assert demo_run.report["digest"] in demo_run.output
    for words in ("通过认证", "合计", "Temporal", "certificates"):
        assert words in demo_run.output


def files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_socket())


def spellings(text: str) -> set[bytes]:
    """As UTF-8, as JSON with escapes, as UTF-16: however a store may write it."""
    return {text.encode(), json.dumps(text).strip('"').encode(), text.encode("utf-16-le")}


def found(markers: set[bytes], *folders: Path) -> dict[str, set[bytes]]:
    hits = {}
    for path in files(*folders):
        data = path.read_bytes()
        here = {marker for marker in markers if marker in data}
        if here:
            hits[str(path)] = here
    return hits


@pytest.fixture(scope="module")
def markers() -> dict[str, set[bytes]]:
    everybody = people(SEED, APPLICANTS, load(ROOT / "rulepacks/demo").pack)
    return {
        "names": {spelling for one in everybody for spelling in spellings(one.name)},
        "numbers": {
            spelling
            for one in everybody
            for text in (one.phone, one.id_number)
            for spelling in spellings(text)
        },
    }


def test_the_search_finds_what_is_there(demo_run: DemoRun, markers: dict[str, set[bytes]]) -> None:
    """Names stand in the database, where they belong: the same search finds them."""
    assert found(markers["names"], demo_run.data / "pg")


def test_no_name_in_histories_or_logs(demo_run: DemoRun, markers: dict[str, set[bytes]]) -> None:
    assert list((demo_run.data / "temporal").iterdir())
    assert list((demo_run.data / "logs").iterdir())
    assert found(markers["names"], demo_run.data / "temporal", demo_run.data / "logs") == {}


def test_no_phone_and_no_id_number_in_any_store(demo_run: DemoRun, markers: dict[str, set[bytes]]) -> None:
    """Sealed columns, sealed events, sealed private parts: not in one file of the whole system."""
    assert found(markers["numbers"], demo_run.data) == {}


def test_kills_change_neither_outcomes_nor_list(demo_run: KilledRun, undisturbed: dict[str, Any]) -> None:
    assert demo_run.killed == set(VICTIMS)
    assert {name: demo_run.report[name] for name in undisturbed} == undisturbed
    assert left_running(demo_run.seen) == {}
