"""Workflows for the tests of kit.temporal, with a mutant that replays differently."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from contracts.base import Data

QUICK = RetryPolicy(initial_interval=timedelta(milliseconds=20), maximum_attempts=5)
STAGE = SearchAttributeKey.for_keyword("FudaoStage")


class Case(Data):
    """Input of an activity; the name would be personal data."""

    key: str
    name: str


@workflow.defn(name="Sample")
class Sample:
    """Two activities, the second with the first one's result."""

    @workflow.run
    async def run(self, case: Case) -> str:
        workflow.upsert_search_attributes([STAGE.value_set("exam")])
        first: str = await workflow.execute_activity(
            "first", case, start_to_close_timeout=timedelta(seconds=5), retry_policy=QUICK, result_type=str
        )
        second: str = await workflow.execute_activity(
            "second", first, start_to_close_timeout=timedelta(seconds=5), retry_policy=QUICK, result_type=str
        )
        return second


@workflow.defn(name="Sample")
class Mutant:
    """The same with the activities the other way round: replay must notice."""

    @workflow.run
    async def run(self, case: Case) -> str:
        workflow.upsert_search_attributes([STAGE.value_set("exam")])
        await workflow.execute_activity("second", case.key, start_to_close_timeout=timedelta(seconds=5))
        return ""
