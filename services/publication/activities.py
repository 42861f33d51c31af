"""Activities of queue `publication`: contract in, use-case, contract out."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from contracts import publication as contract
from contracts.registration import Done
from services.publication.service import Certificates, ComplaintMoves, Notices


class PublicationActivities:
    """Names are those of the stubs in `contracts.publication`."""

    def __init__(self, notices: Notices, certificates: Certificates, complaints: ComplaintMoves) -> None:
        self._notices, self._certificates, self._complaints = notices, certificates, complaints

    @activity.defn(name="publication.enlist")
    async def enlist(self, request: contract.Enlist) -> Done:
        return await self._notices.enlist(request)

    @activity.defn(name="publication.post_notice")
    async def post_notice(self, request: contract.PostNotice) -> contract.NoticePosted:
        return await self._notices.post(request)

    @activity.defn(name="publication.start_clock")
    async def start_clock(self, request: contract.StartClock) -> Done:
        return await self._notices.start_clock(request)

    @activity.defn(name="publication.close_notice")
    async def close_notice(self, request: contract.CloseNotice) -> Done:
        return await self._notices.close(request)

    @activity.defn(name="publication.set_hold")
    async def set_hold(self, request: contract.SetHold) -> Done:
        return await self._notices.set_hold(request)

    @activity.defn(name="publication.delist")
    async def delist(self, request: contract.Delist) -> Done:
        return await self._notices.delist(request)

    @activity.defn(name="publication.await_certificate")
    async def await_certificate(self, request: contract.AwaitCertificate) -> Done:
        return await self._certificates.wait(request)

    @activity.defn(name="publication.publish_final_list")
    async def publish_final_list(self, request: contract.PublishFinalList) -> contract.FinalListPublished:
        return await self._certificates.publish(request)

    @activity.defn(name="publication.issue_certificate")
    async def issue_certificate(self, request: contract.IssueCertificate) -> Done:
        return await self._certificates.issue(request)

    @activity.defn(name="publication.move_complaint")
    async def move_complaint(self, request: contract.MoveComplaint) -> Done:
        return await self._complaints.move(request)


def activities(
    notices: Notices, certificates: Certificates, complaints: ComplaintMoves
) -> Sequence[Callable[..., Any]]:
    """ACTIVITIES of this service, bound to it."""
    bound = PublicationActivities(notices, certificates, complaints)
    return [
        bound.enlist,
        bound.post_notice,
        bound.start_clock,
        bound.close_notice,
        bound.set_hold,
        bound.delist,
        bound.await_certificate,
        bound.publish_final_list,
        bound.issue_certificate,
        bound.move_complaint,
    ]
