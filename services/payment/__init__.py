"""Fees: orders, payments, money that comes in (clauses F1-F6)."""
