"""Opens uploaded files: a process of its own with limits, started by `inspector`, without our settings or secrets.

Protocol: a line of JSON {act, purpose, expected, size, ...} and `size` bytes in; a line of JSON out, followed by the
bytes of each of its `parts`; until stdin ends. Standard library and parsers only: nothing else of ours is loaded.
"""

from services.registration.adapters.inspection.process import main

__all__ = ["main"]
