"""Nobody's name, phone or ID number gets where it must not: the demo's people are the markers that are searched."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.demo.people import people
from rules.pack import load
from tests.demos import APPLICANTS, SEED, DemoRun

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]


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
