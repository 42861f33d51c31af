"""Item statistics for the office (X4): read only, and sealed while somebody has still to sit (O5)."""

import asyncio
from uuid import UUID

from contracts.http.sittings import ExamStatistics, ItemView, OptionFigures
from rules import exam as rules
from rules.item_statistics import ItemFigures, figures
from services.exam import domain, repository
from services.exam.service.parts import Parts


class Statistics(Parts):
    """Figures of the items of one level."""

    async def read_statistics(self, round_id: UUID, level: str) -> ExamStatistics:
        """Over all graded papers of the level, whichever sitting; none is an empty list."""
        async with self._db.read(snapshot=True) as session:
            attempts = await repository.graded(session, round_id, level)
            answers = await repository.answers(session, [one.id for one in attempts])
            sealed = await repository.somebody_waits(session, round_id, level)
            if not attempts:
                return ExamStatistics(level=level, papers=0, sealed=sealed, items=())
            bank = await self._rules(session, attempts[0])
        given = [
            (
                rules.Paper.model_validate(one.paper),
                {row.item_id: tuple(row.choice) for row in answers[one.id]},
            )
            for one in attempts
        ]
        found = await asyncio.to_thread(figures, given, bank.items, bank.pack.exam.multiple)
        return ExamStatistics(
            level=level,
            papers=len(attempts),
            sealed=sealed,
            items=tuple(_view(bank, one, sealed=sealed) for one in found),
        )


def _view(bank: domain.ExamRules, one: ItemFigures, *, sealed: bool) -> ItemView:
    item = bank.items[one.item_id]
    options = tuple(
        OptionFigures(
            id=option.id,
            count=one.chosen.get(option.id, 0),
            text="" if sealed else option.text,
            right=None if sealed else option.id in item.key,
        )
        for option in item.options
    )
    return ItemView(
        item_id=item.id,
        area=item.area,
        form=item.form,
        shown=one.shown,
        answered=one.answered,
        facility=f"{one.facility:.3f}",
        discrimination=None if one.discrimination is None else f"{one.discrimination:.3f}",
        stem="" if sealed else item.stem,
        options=options,
    )
