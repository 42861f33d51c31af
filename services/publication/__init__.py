"""Public notices and their clock, final lists, certificates and their status (clauses N1-N5, C1-C4)."""
