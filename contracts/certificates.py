"""Certificates after their issue (C4): what `revoke_certificate` and `reissue_certificate` say.

Reason, document, hearing and new name stand in publication's draft; the command names the draft only.
"""

from uuid import UUID

from contracts.base import Input


class CertificateRuling(Input):
    """Drafted before by `POST /certificates/{id}/rulings`; two people make it effective."""

    ruling_id: UUID
