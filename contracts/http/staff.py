"""HTTP of staff accounts: joining by a one-time link, passwords, the second factor. Errors are problem+json."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.http.gateway import Password, Reason, SecondFactorCode


class JoinLink(Data):
    """POST /staff/{account_id}/link (operator): where the account's person sets their password, once.

    Shown this one time; an earlier link of the account ends. Errors: 404, 409 `account_disabled`.
    """

    path: str
    expires_at: AwareDatetime


class Join(Input):
    """POST /auth/join with the link's token. Errors: 403 `wrong_join_link`, 429."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    password: Password


class ChangePassword(Input):
    """POST /me/password (staff); all other sessions of the account end. Errors: 401 `wrong_password`, 429."""

    old: Annotated[str, Field(min_length=1, max_length=128)]
    password: Password


class Enrolment(Data):
    """POST /me/second-factor (staff): the key to put into an authenticator; it counts once a code confirms it.

    The same one until then. Errors: 409 `second_factor_set`.
    """

    secret: str
    """Base32."""
    uri: str
    """otpauth://…, as in the QR code."""


class ProveFactor(Input):
    """PUT /me/second-factor with a code of the new key · POST /me/second-factor/codes and …/remove with one of the
    present factor. Errors: 401 `wrong_second_factor`; 409 `no_second_factor`; remove: 409 `second_factor_required`."""

    code: SecondFactorCode


class RecoveryCodes(Data):
    """Each opens one session in place of the second factor, once. Shown this one time; earlier ones end."""

    codes: tuple[str, ...]


class GiveReason(Input):
    """POST /staff/{account_id}/second-factor/reset, …/disable, …/enable (operator)."""

    reason: Reason
