"""Words that the tables of rows share."""

from __future__ import annotations

from contracts.commands import Role
from gateway.policy import Owner

APPLICANT = (Role.applicant,)
OFFICE = (Role.secretariat,)
ALSO_READERS = (Role.applicant, Role.secretariat, Role.supervisor)
OWN = Owner.application
PDF = ("application/pdf",)
XLSX = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",)
