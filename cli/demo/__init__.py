"""`fudao demo`: a whole round on a fresh system, played through the public HTTP API like any client would."""

FEWEST = 8
"""Fewer applicants would leave a level without anybody to certify."""
