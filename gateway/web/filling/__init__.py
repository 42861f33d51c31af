"""The applicant fills in the form: pages drawn from FormView alone, so that another pack needs no code (A1)."""

from gateway.web.filling import items, pages, preflight, submit

ROUTERS = (items.router, pages.router, preflight.router, submit.router)
"""In this order: `/form/restore` and `/form/{section}/…` come before `/form/{section}`."""

__all__ = ["ROUTERS"]
