"""Certificates: verification for everybody, the holder's own, the office's register and rulings."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import certificates as http
from gateway.passing.common import APPLICANT, OWN, PDF, XLSX
from gateway.passing.row import Row

_OFFICE = (Role.secretariat, Role.approver, Role.supervisor)
_RULES = (Role.secretariat, Role.supervisor)
_ONE = "/certificates/{certificate_id}"
_RULING = f"{_ONE}/rulings/{{ruling_id}}"
_CASE = "/applications/{application_id}"

CERTIFICATES = (
    Row(
        method="GET",
        path="/public/certificates/{number}",
        service="publication",
        public=True,
        query=http.VerifyQuery,
        answer=http.Verification,
        errors=(404, 429),
        pace="verify",
    ),
    Row(
        method="POST",
        path="/public/certificates/check",
        service="publication",
        public=True,
        raw=http.MAX_PDF_BYTES,
        answer=http.CheckedPdf,
        errors=(413, 429),
        timeout=20.0,
        pace="check",
    ),
    Row(
        method="GET",
        path="/public/issuer-keys",
        service="publication",
        public=True,
        answer=http.IssuerKeys,
        errors=(),
    ),
    Row(
        method="GET",
        path=f"{_CASE}/certificate",
        service="publication",
        roles=APPLICANT,
        owner=OWN,
        answer=http.OwnCertificate,
        errors=(404,),
    ),
    Row(
        method="GET",
        path=f"{_CASE}/certificate.pdf",
        service="publication",
        roles=APPLICANT,
        owner=OWN,
        media=PDF,
        errors=(404,),
    ),
    *(
        Row(
            method="GET",
            path=f"{_CASE}/credential.{ending}",
            service="publication",
            roles=APPLICANT,
            owner=OWN,
            media=(kind,),
        )
        for ending, kind in (("jwt", "application/vc+jwt"), ("json", "application/vc"))
    ),
    Row(
        method="PUT",
        path=f"{_CASE}/certificate/statement",
        service="publication",
        roles=APPLICANT,
        owner=OWN,
        body=http.HolderStatement,
        answer=http.OwnCertificate,
        errors=(404, 422),
        limit=16 * 1024,
    ),
    Row(
        method="GET",
        path="/certificates",
        service="publication",
        roles=_OFFICE,
        query=http.RegisterQuery,
        answer=http.RegisterPage,
        errors=(422,),
    ),
    Row(
        method="GET",
        path="/certificates/register.xlsx",
        service="publication",
        roles=_OFFICE,
        query=http.RegisterQuery,
        media=XLSX,
        errors=(422,),
        timeout=60.0,
    ),
    Row(
        method="GET",
        path=_ONE,
        service="publication",
        roles=_OFFICE,
        answer=http.CertificateHistory,
        errors=(404,),
    ),
    Row(
        method="GET",
        path=f"{_ONE}/versions/{{version}}/pdf",
        service="publication",
        roles=_OFFICE,
        media=PDF,
        errors=(404, 422),
    ),
    Row(
        method="POST",
        path=f"{_ONE}/rulings",
        service="publication",
        roles=_RULES,
        body=http.NewRuling,
        answer=http.RulingView,
        errors=(404, 409, 422),
        limit=16 * 1024,
    ),
    Row(
        method="POST",
        path=f"{_RULING}/statement",
        service="publication",
        roles=_RULES,
        body=http.TakenStatement,
        answer=http.RulingView,
        errors=(404, 409, 422),
        limit=16 * 1024,
    ),
    Row(
        method="POST",
        path=f"{_RULING}/drop",
        service="publication",
        roles=_RULES,
        answer=http.RulingView,
    ),
    Row(
        method="GET",
        path=f"{_CASE}/certificate-rulings",
        service="publication",
        roles=_OFFICE,
        owner=OWN,
        answer=http.Rulings,
        errors=(404,),
    ),
)
