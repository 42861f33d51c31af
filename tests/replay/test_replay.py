"""The replay gate: committed histories replay, deliberate mutants do not; and what a whole life costs."""

from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from kit.temporal import make_replayer
from tests.replay.mutants import (
    ComplaintWithoutClock,
    ExtraActivity,
    PhaseBeforeComponents,
    SilentComplaint,
)
from tests.replay.record import FOLDER
from tests.workflows.lives import LIVES
from tests.workflows.settings import KEYS
from workflows.__main__ import WORKFLOWS

HISTORIES = sorted(FOLDER.glob("*.json"))
BILLED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
}


def read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text(encoding="utf-8"))


def test_every_path_has_a_history() -> None:
    assert {file.stem.split("-")[0] for file in HISTORIES} == set(LIVES)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_history_replays(file: Path) -> None:
    result = await make_replayer(WORKFLOWS, KEYS).replay_workflow(read(file), raise_on_replay_failure=False)
    assert result.replay_failure is None


@pytest.mark.parametrize(
    ("mutant", "life"),
    [
        (PhaseBeforeComponents, "certified_straight"),
        (ExtraActivity, "certified_straight"),
        (SilentComplaint, "complaint_upheld"),
        (ComplaintWithoutClock, "complaint_decided_late"),
    ],
)
async def test_a_mutant_does_not(mutant: type, life: str) -> None:
    history = read(FOLDER / f"{life}.json")
    result = await make_replayer([mutant], KEYS).replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is not None


@pytest.mark.parametrize(
    ("name", "most_events"), [("certified_straight", 150), ("certified_after_correction", 200)]
)
def test_what_an_intermediate_life_costs(name: str, most_events: int) -> None:
    """Design §8: events, bytes and billable actions (start, update, activity, timer, upsert) of a whole life."""
    file = FOLDER / f"{name}.json"
    history = read(file)
    actions = sum(event.event_type in BILLED for event in history.events)
    size = sum(event.ByteSize() for event in history.events)
    assert len(history.events) <= most_events
    assert actions <= 60
    assert size <= 256 * 1024


def test_no_name_of_a_person_could_be_read_from_a_history() -> None:
    """Payloads are encrypted: the words inside them do not appear in the file."""
    for file in HISTORIES:
        text = file.read_text(encoding="utf-8")
        assert "binary/encrypted" in text or "YmluYXJ5L2VuY3J5cHRlZA==" in text
        assert "draft_version" not in text
        assert "application_number" not in text
