"""Qualification review, expert sheets, defence panels: the work of people on an application (Q, P, D)."""
