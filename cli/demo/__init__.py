"""`fudao demo`: a whole round on a fresh system, played through the public HTTP API like any client would."""
