"""The pack that demos play by."""

from pathlib import Path

import pytest

from contracts.rulepack import RulePack
from rules.pack import LoadedPack, load

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def loaded() -> LoadedPack:
    return load(ROOT / "rulepacks/demo")


@pytest.fixture(scope="session")
def pack(loaded: LoadedPack) -> RulePack:
    return loaded.pack
