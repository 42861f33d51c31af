"""Rules and entities of registration; no I/O."""
