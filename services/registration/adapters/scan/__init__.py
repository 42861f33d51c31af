"""Reads returned scans in a process of its own with limits (A4): `python -m services.registration.adapters.scan`.

What it sees are hints for people, never a refusal: which codes stand on a page, and what ink was added to our print.
"""
