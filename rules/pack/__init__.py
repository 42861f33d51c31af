"""Rule packs: load one from a folder or a stored object, check it, list what is still open."""

from contracts.rulepack.problems import Problem
from rules.pack.checking import check
from rules.pack.loading import LoadedPack, PackError, from_canonical, load
from rules.pack.openpoints import OpenPoint, open_points

__all__ = [
    "LoadedPack",
    "OpenPoint",
    "PackError",
    "Problem",
    "check",
    "from_canonical",
    "load",
    "open_points",
]
