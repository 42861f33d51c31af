"""A payment provider of our own for `fudao up`, demo and tests: it has a pay page, signs like a real one and repeats
its callbacks on a real schedule. It knows nothing of Fudao but the address to call."""
