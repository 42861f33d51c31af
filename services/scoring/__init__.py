"""Scoring: component scores, totals, ranking, the cut, release (T1–T3)."""
