"""How runs are found and spoken to: search attributes, which are plain text, and the command in an update."""

from collections.abc import Sequence
from enum import StrEnum

from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

with workflow.unsafe.imports_passed_through():
    from contracts.commands import Command
    from contracts.lifecycle import ActionRequiredBy

STAGE = SearchAttributeKey.for_keyword("FudaoStage")
ACTION_REQUIRED_BY = SearchAttributeKey.for_keyword("FudaoActionRequiredBy")
ROUND = SearchAttributeKey.for_keyword("FudaoRound")


def attributes(stage: StrEnum, by: ActionRequiredBy, round_id: object) -> TypedSearchAttributes:
    """With which a run is started: stage, who must act and the round's ID, nothing else."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(STAGE, stage.value),
            SearchAttributePair(ACTION_REQUIRED_BY, by.value),
            SearchAttributePair(ROUND, str(round_id)),
        ]
    )


def read_command(args: Sequence[RawValue]) -> Command:
    """The command out of a dynamic update's raw arguments."""
    (raw,) = args
    command = workflow.payload_converter().from_payload(raw.payload, Command)
    assert isinstance(command, Command)  # the converter was told so
    return command
