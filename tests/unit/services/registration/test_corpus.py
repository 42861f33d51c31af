"""The evidence opener against bad input: each file's verdict, its time and the memory of the process (A2, Q7)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.registration.adapters.inspector import Inspected, Inspector
from services.registration.domain.files import PROBLEMS, REMOVED
from services.registration.settings import RegistrationSettings
from tests.unit.services.registration.corpus import CLEAN, Case, cases

SECONDS, MEBIBYTES = 10.0, 300
_CASES = list(cases())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inspector() -> AsyncIterator[Inspector]:
    settings = RegistrationSettings()
    made = Inspector(
        timeout=settings.inspection_timeout, memory=settings.inspection_memory, cpu=settings.inspection_cpu
    )
    yield made
    await made.close()


class Watch:
    """The highest memory and the CPU time of the inspection process while one file is opened."""

    def __init__(self, inspector: Inspector) -> None:
        self.inspector = inspector
        self.peak = 0.0
        self.cpu = 0.0
        self._before = self._used()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Watch:
        if (pid := self.inspector.pid) is not None:
            _forget_peak(pid)
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        self._look()

    async def _watch(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(0.01)

    def _look(self) -> None:
        pid = self.inspector.pid
        if pid is None:
            return
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return
        high = next((line for line in lines if line.startswith("VmHWM:")), None)
        if high is not None:
            self.peak = max(self.peak, int(high.split()[1]) / 1024)
        self.cpu = max(self.cpu, self._used() - self._before)

    def _used(self) -> float:
        try:
            words = Path(f"/proc/{self.inspector.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(words[11]) + int(words[12])) / 100


def _forget_peak(pid: int) -> None:
    """The kernel's highest mark of this process begins anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def test_corpus_is_large_enough() -> None:
    assert len(_CASES) >= 60
    assert len({case.name for case in _CASES}) == len(_CASES)


@pytest.mark.clause("A2", "Q7")
@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
async def test_verdict(inspector: Inspector, case: Case) -> None:
    data = case.make()
    async with Watch(inspector) as watch:
        began = time.monotonic()
        found = await inspector.inspect(case.purpose, case.expected, data)
        took = time.monotonic() - began
    code = CLEAN if isinstance(found, Inspected) else found.code
    print(f"{case.name}: {code} {took:.2f}s cpu {watch.cpu:.2f}s {watch.peak:.0f} MiB")
    assert code == case.verdict
    assert watch.peak <= MEBIBYTES
    assert watch.cpu <= SECONDS
    if isinstance(found, Inspected):
        assert found.reading.removed == case.removed
        assert all(one in REMOVED for one in found.reading.removed)
        kinds = [part.kind for part in found.parts]
        assert kinds.count("thumb") == 1
        assert 1 <= kinds.count("page") <= 20
    else:
        assert PROBLEMS[code].endswith("。")
