"""What packs say of the exam, read and parsed once per process."""

import asyncio
from collections import OrderedDict

from rules.cache import Packs
from rules.pack.banks import bank
from services.exam.domain import ExamRules


class Banks:
    """Exam rules by pack key; keys name content, so an entry never goes stale."""

    def __init__(self, packs: Packs, keep: int = 4) -> None:
        self._packs = packs
        self._keep = keep
        self._known: OrderedDict[str, ExamRules] = OrderedDict()

    async def get(self, pack_key: str) -> ExamRules:
        """Blueprints and items of a pack. Errors: PackError when one of its exam files is not sound."""
        if (known := self._known.get(pack_key)) is not None:
            self._known.move_to_end(pack_key)
            return known
        loaded = await self._packs.get(pack_key)
        found = ExamRules(loaded.pack, await asyncio.to_thread(bank, loaded))
        self._known[pack_key] = found
        while len(self._known) > self._keep:
            self._known.popitem(last=False)
        return found
