"""Exam: item banks, papers, sittings, attempts, answers, grading (X1–X3)."""
