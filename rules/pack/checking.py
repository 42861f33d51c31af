"""`fudao rulepack check`: every mistake of a pack with file, line and field, and what is still open."""

from pathlib import Path

from contracts.rulepack import Moment
from contracts.rulepack.problems import Problem
from rules.pack.consistency import hints
from rules.pack.loading import PackError, finish, read
from rules.pack.openpoints import open_points
from rules.pack.references import reference_mistakes
from rules.pack.tree import dotted


def check(folder: Path, for_moment: Moment | str | None = None) -> list[Problem]:
    """All problems of the pack in a folder, errors first in file order; empty is perfect.

    Open points are warnings, and errors when they are due at `for_moment`. Errors raised: ValueError for
    an unknown moment.
    """
    if for_moment is not None:
        Moment(for_moment)
    try:
        source = read(folder)
        loaded = finish(source)
    except PackError as error:
        return sorted(error.problems)
    problems: list[Problem] = []
    for mistake in reference_mistakes(loaded):
        place = source.mark.at(mistake.path)
        file, line = mistake.place or (place.file, place.line)
        name = source.origins.get(file, file)
        problems.append(Problem(name, line, dotted(source.tree, mistake.path), mistake.message))
    for hint in hints(loaded.pack):
        place = source.mark.at(hint.path)
        problems.append(
            Problem(place.file, place.line, dotted(source.tree, hint.path), hint.message, "warning")
        )
    for point in open_points(loaded):
        place = source.mark.at(point.path)
        problem = Problem(place.file, place.line, point.field, point.message, "warning")
        problems.append(problem._replace(severity="error") if point.due(for_moment) else problem)
    return sorted(problems, key=lambda one: (one.severity != "error", one.file, one.line, one.field))
