"""Policy lines and routers of the staff's tools: district view, account recovery, unmasking, imports, bars."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http.gateway import Awaiting
from gateway.complaints.handing_in import MAX_BODY as COMPLAINT_BODY
from gateway.policy import ENROL, READERS, STAFF, Owner, public, rule
from gateway.web import (
    audit_pages,
    bar_pages,
    certificate_pages,
    complaint_desk,
    complaint_pages,
    district_pages,
    help_pages,
    history_pages,
    import_pages,
    item_pages,
    message_pages,
    my_certificate,
    own_account,
    paper_pages,
    people_pages,
    recovery_pages,
    sitting_pages,
    staff_door,
    verify_pages,
)
from gateway.web.documents import MAX_BODY

TOOL_MODULES = (
    district_pages,
    recovery_pages,
    import_pages,
    audit_pages,
    help_pages,
    bar_pages,
    complaint_pages,
    complaint_desk,
    history_pages,
    staff_door,
    message_pages,
    own_account,
    paper_pages,
    people_pages,
    sitting_pages,
    item_pages,
    verify_pages,
    my_certificate,
    certificate_pages,
)
_ONE = "/staff/recoveries/{recovery_id}"
_BARS = "/staff/bars/{round_id}"
_PAPERS = "/staff/papers/{round_id}"
_DESK = (Role.secretariat, Role.approver)
_CODE = (Awaiting.code,)
_OWN = "/staff/account"
_FACTOR = f"{_OWN}/factor"
_PEOPLE = "/staff/people"
_PERSON = f"{_PEOPLE}/{{account_id}}"
DOOR_RULES = (
    public("GET", "/staff/login"),
    public("POST", "/staff/login"),
    public("GET", "/staff/login/code", _CODE),
    public("POST", "/staff/login/code", _CODE),
    public("GET", "/staff/join"),
    public("POST", "/staff/join"),
    public("GET", "/setup"),
    public("POST", "/setup"),
    rule("GET", _OWN, *STAFF),
    rule("POST", f"{_OWN}/password", *STAFF),
    rule("POST", f"{_OWN}/sessions", *STAFF),
    rule("GET", _FACTOR, *STAFF, awaiting=ENROL),
    rule("POST", _FACTOR, *STAFF, awaiting=ENROL),
    rule("POST", f"{_FACTOR}/codes", *STAFF),
    rule("POST", f"{_FACTOR}/remove", *STAFF),
    rule("GET", _PEOPLE, Role.operator, Role.secretariat),
    rule("POST", _PEOPLE, Role.operator),
    rule("GET", _PERSON, Role.operator, Role.secretariat),
    rule("POST", f"{_PERSON}/link", Role.operator),
    rule("POST", f"{_PERSON}/roles", Role.operator),
    rule("POST", f"{_PERSON}/{{step}}", Role.operator),
)
"""How staff get in, and their accounts."""
_COMPLAINT = "/staff/complaints/{complaint_id}"
_AGAINST = "/my/applications/{application_id}/complaints"
TOOL_RULES = (
    *sitting_pages.RULES,
    *item_pages.RULES,
    rule("GET", "/staff/district", Role.district, Role.secretariat, Role.supervisor),
    rule("GET", "/staff/district/people.xlsx", Role.district, Role.secretariat, Role.supervisor),
    public("GET", "/recover"),
    public("POST", "/recover/code"),
    public("POST", "/recover/details"),
    public("POST", "/recover"),
    rule("GET", "/staff/recoveries", *_DESK, Role.supervisor),
    rule("GET", _ONE, *_DESK),
    rule("GET", f"{_ONE}/{{which}}", *_DESK),
    rule("POST", f"{_ONE}/{{decision}}", *_DESK),
    rule("GET", "/staff/help", Role.secretariat),
    rule("POST", "/staff/help/code", Role.secretariat),
    rule("POST", "/staff/help", Role.secretariat),
    rule("GET", "/my/help", Role.applicant),
    rule("POST", "/my/help/end", Role.applicant),
    rule("GET", "/staff/unmask", Role.secretariat),
    rule("POST", "/staff/unmask", Role.secretariat),
    rule("GET", "/staff/unmask/{entry_id}", Role.secretariat),
    rule("GET", "/staff/cases/{application_id}/history", *READERS, owner=Owner.application),
    rule("GET", "/staff/cases/{application_id}/history.json", *READERS, owner=Owner.application),
    rule("POST", "/staff/records/{round_id}", Role.secretariat, Role.supervisor, owner=Owner.round),
    rule("GET", "/staff/messages", Role.secretariat),
    rule("GET", "/staff/messages/templates", Role.secretariat, Role.operator),
    rule("POST", "/staff/messages/{message_id}/{step}", Role.secretariat),
    rule("GET", "/staff/cases/{application_id}/messages", *READERS, owner=Owner.application),
    rule("GET", "/staff/papers", Role.secretariat),
    rule("GET", f"{_PAPERS}/{{paper_id}}", Role.secretariat, owner=Owner.round),
    rule("POST", f"{_PAPERS}/{{paper_id}}", Role.secretariat, owner=Owner.round),
    rule("GET", "/staff/audit", Role.supervisor, Role.secretariat),
    rule("GET", "/staff/imports", Role.secretariat),
    rule("POST", "/staff/imports", Role.secretariat),
    rule("GET", "/staff/imports/template.xlsx", Role.secretariat),
    rule("GET", "/staff/imports/export.xlsx", Role.secretariat),
    rule("GET", "/staff/imports/{import_id}", Role.secretariat),
    rule("POST", "/staff/imports/{import_id}/confirm", Role.secretariat),
    rule("GET", "/staff/imports/{import_id}/report.xlsx", Role.secretariat),
    *verify_pages.RULES,
    *my_certificate.RULES,
    *certificate_pages.RULES,
    public("GET", "/complaints"),
    public("POST", "/complaints"),
    public("GET", "/complaints/progress"),
    public("POST", "/complaints/progress"),
    public("POST", "/complaints/reply"),
    rule("GET", "/staff/forward-complaint", Role.secretariat, Role.supervisor),
    rule("POST", "/staff/forward-complaint", Role.secretariat, Role.supervisor, max_body=COMPLAINT_BODY),
    rule("GET", "/staff/complaints", Role.supervisor),
    rule("GET", _COMPLAINT, Role.supervisor),
    rule("POST", f"{_COMPLAINT}/{{step}}", Role.supervisor, max_body=MAX_BODY),
    rule("GET", f"{_COMPLAINT}/files/{{place}}", Role.supervisor),
    rule("GET", f"{_COMPLAINT}/documents/{{entry_id}}", Role.supervisor),
    rule("GET", _AGAINST, Role.applicant, owner=Owner.application),
    rule("POST", f"{_AGAINST}/{{complaint_id}}", Role.applicant, owner=Owner.application),
    rule("GET", f"{_AGAINST}/{{complaint_id}}/document", Role.applicant, owner=Owner.application),
    rule("GET", "/staff/bars", *_DESK, Role.supervisor),
    rule("POST", _BARS, Role.secretariat, owner=Owner.round, max_body=MAX_BODY),
    rule("POST", f"{_BARS}/{{bar_id}}/discard", Role.secretariat, owner=Owner.round),
    rule("POST", f"{_BARS}/{{bar_id}}/{{step}}", Role.secretariat, owner=Owner.round),
    rule("GET", f"{_BARS}/{{bar_id}}/document", *_DESK, Role.supervisor, owner=Owner.round),
)
