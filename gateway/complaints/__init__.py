"""Complaints at the gateway (N3): handed in by anybody, followed by number and code, messages handed on."""
