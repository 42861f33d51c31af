"""HTTP of `registration`: who somebody is (A1), asked by the person or by the gateway for them."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import Data, Input

PHONE_HEADER = "X-Actor-Phone"
"""Put in by the gateway on `PUT /me/identity`: the account's verified phone number."""


class IdKind(StrEnum):
    """身份证、港澳台居民居住证（81、82、83 开头）、港澳居民来往内地通行证、台湾居民来往大陆通行证、护照."""

    id_card = "id_card"
    residence_permit = "residence_permit"
    hk_macao_permit = "hk_macao_permit"
    taiwan_permit = "taiwan_permit"
    passport = "passport"


class Identity(Input):
    """`PUT /me/identity`. Fixed once set: the same values again are answered alike, others refused."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    id_kind: IdKind = IdKind.id_card
    id_number: Annotated[str, Field(min_length=4, max_length=40)]


class PersonView(Data):
    """`GET /me/person` and the answer of `PUT /me/identity`: numbers masked."""

    person_id: UUID
    name: str
    id_kind: IdKind
    id_number_masked: str
    phone_masked: str


# For the gateway's recovery of an account (A1), role `system` -----------------------------------------------


class FindPerson(Input):
    """`POST /internal/people/find`: whose document is this?"""

    name: Annotated[str, Field(max_length=60)]
    id_kind: IdKind
    id_number: Annotated[str, Field(max_length=40)]


class FoundPerson(Data):
    """The person with that document, numbers masked; `name_matches`: the name asked for is theirs."""

    person_id: UUID
    name: str
    name_matches: bool
    id_kind: IdKind
    id_number_masked: str
    phone_masked: str
    unit: str
    district: str


class PersonLookup(Data):
    person: FoundPerson | None = None


class NewPhone(Input):
    """`PUT /internal/people/{person_id}/phone`; the same phone again changes nothing."""

    phone: Annotated[str, Field(pattern=r"^1[3-9]\d{9}$")]


class InspectUpload(Input):
    """`POST /internal/uploads/inspect`: opens what stands under a key of the uploads bucket, in the process with
    limits. A file that is no real JPG, PNG or PDF is said to be so, in words."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9/_-]{1,120}$")]
    media_type: Literal["image/jpeg", "image/png", "application/pdf"]


class Inspected(Data):
    clean: bool
    code: str | None = None
    message: str | None = None


class FullNumber(Data):
    """`GET /applications/{id}/id-number` (secretariat): for the gateway only, which notes who asked and why."""

    name: str
    id_kind: IdKind
    id_number: str
    application_number: str
