"""Tables of the gateway: accounts and sessions, who owns which application, rounds it opened, proposals.

The command log and its windows are in gateway/intake/models.py, on the same Base.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics

NOW = text("public.fudao_now()")


class Base(DeclarativeBase):
    """Unqualified names: the role's search_path decides the schema."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text,
        bytes: LargeBinary,
    }


class Account(Base):
    """A person (phone + code) or a member of staff (username + password). `id` is also the person's ID."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("kind in ('person', 'staff')", name="kind"),
        CheckConstraint("(kind = 'person') = (phone_hash is not null)", name="phone"),
        CheckConstraint("(kind = 'staff') = (username is not null)", name="username"),
        UniqueConstraint("phone_hash"),
        UniqueConstraint("username"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    phone_hash: Mapped[str | None]
    phone_sealed: Mapped[bytes | None]
    username: Mapped[str | None]
    password_hash: Mapped[str | None]
    totp_sealed: Mapped[bytes | None]
    """The second factor's key; NULL: none is set up."""
    totp_pending: Mapped[bytes | None]
    """A key that was shown and not yet confirmed with a code."""
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    """The last time step (30 s) whose code was taken: no code works twice."""
    display_name: Mapped[str] = mapped_column(server_default=text("''"))
    unit: Mapped[str] = mapped_column(server_default=text("''"))
    district: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    disabled_at: Mapped[datetime | None]


class StaffRole(Base):
    """One role of one member of staff, and who gave it (NULL: the set-up link)."""

    __tablename__ = "staff_role"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    granted_by: Mapped[UUID | None]
    granted_at: Mapped[datetime] = mapped_column(server_default=NOW)


class LoginCode(Base):
    """A six-digit code that was sent to a phone; only hashes are kept."""

    __tablename__ = "login_code"
    __table_args__ = (Index("ix_login_code_phone", "phone_hash", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_hash: Mapped[str]
    code_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    used_at: Mapped[datetime | None]


class Session(Base):
    """A server-side session; the token itself is only with its owner."""

    __tablename__ = "session"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("awaiting in ('code', 'enrol')", name="awaiting"),
        Index("ix_session_account", "account_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    assistance_id: Mapped[UUID | None] = mapped_column(ForeignKey("assistance.id"))
    """Held by a helper at the counter, with the account's own consent (A9)."""
    awaiting: Mapped[str | None]
    """What is missing before it opens anything: the second factor's code, or setting one up."""


class RecoveryCode(Base):
    """Opens one session in place of the second factor, once; only hashes are kept."""

    __tablename__ = "recovery_code"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class JoinLink(Base):
    """A one-time link by which a member of staff sets their own password; the token is only with its owner."""

    __tablename__ = "join_link"
    __table_args__ = (UniqueConstraint("token_hash"), Index("ix_join_link_account", "account_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[bytes]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Assistance(Base):
    """Help at the counter (A9): who helps whom, to which text the person's one-time code consented, and until when."""

    __tablename__ = "assistance"
    __table_args__ = (Index("ix_assistance_person", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    helper_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    consent: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RateCount(Base):
    """How often something was done by one key (a keyed hash) since `since`; a fixed window."""

    __tablename__ = "rate_count"

    key: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=NOW)
    count: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class Round(Base):
    """A round that this gateway opened or tried to open, with the pinned rule pack."""

    __tablename__ = "round"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pack_name: Mapped[str]
    pack_key: Mapped[str]
    pack_hash: Mapped[str]
    opened_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Application(Base):
    """Whose application it is: the ownership check of every request."""

    __tablename__ = "application"
    __table_args__ = (UniqueConstraint("round_id", "person_id"), Index("ix_application_person", "person_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Proposal(Base):
    """A two-person command on its way: proposed by one, approved or rejected by another."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("state in ('open', 'approved', 'rejected')", name="state"),
        CheckConstraint("decided_by is null or decided_by <> proposed_by", name="two_persons"),
        CheckConstraint("(state = 'open') = (decided_by is null)", name="decided"),
        UniqueConstraint("proposed_by", "idempotency_key"),
        Index("ix_proposal_open", "proposed_at", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str]
    target_kind: Mapped[str]
    target_id: Mapped[UUID]
    round_id: Mapped[UUID]
    name: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    proposed_role: Mapped[str]
    proposed_at: Mapped[datetime] = mapped_column(server_default=NOW)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    command_id: Mapped[UUID | None]


class Recovery(Base):
    """An applicant without a phone asks for their account (A1). `sealed`: who they say they are, and both phones.

    `done_at`: everybody was told; `erased_at`: pictures and personal data are gone.
    """

    __tablename__ = "recovery"
    __table_args__ = (
        CheckConstraint("state in ('open', 'proposed', 'approved', 'rejected', 'expired')", name="state"),
        CheckConstraint("state <> 'approved' or decided_by <> proposed_by", name="two_persons"),
        CheckConstraint("(state in ('approved', 'rejected')) = (decided_by is not null)", name="decided"),
        CheckConstraint(
            "state not in ('proposed', 'approved') or (person_id is not null and proposed_by is not null)",
            name="proposed",
        ),
        Index(
            "uq_recovery_phone",
            "new_phone_hash",
            unique=True,
            postgresql_where=text("state in ('open', 'proposed')"),
        ),
        Index("uq_recovery_person", "person_id", unique=True, postgresql_where=text("state = 'proposed'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    new_phone_hash: Mapped[str]
    picture_type: Mapped[str]
    letter_type: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    person_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    done_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class Audit(Base):
    """What staff looked at or changed outside the command log: who, when, in which role, why. No personal data."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str]
    action: Mapped[str]
    subject_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class OutsideJob(Base):
    """A confirmed import of an outside system's applications (S1), worked off row by row."""

    __tablename__ = "outside_job"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    confirmed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime] = mapped_column(server_default=NOW)
    after: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failures: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    done_at: Mapped[datetime | None]


class Announcement(Base):
    """One version of an announcement (R2): text, address and time of the post that binds. Never changed, never
    deleted: a trigger refuses."""

    __tablename__ = "announcement"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("(version = 1) = (reason = '')", name="reason"),
        UniqueConstraint("noted_by", "idempotency_key"),
        Index("ix_announcement_round", "round_id", "posted_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    round_id: Mapped[UUID]
    title: Mapped[str]
    body: Mapped[str]
    url: Mapped[str]
    posted_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    noted_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    noted_at: Mapped[datetime] = mapped_column(server_default=NOW)
    idempotency_key: Mapped[str]


mechanics(Base.metadata, "effect")

# Alembic looks here only: the intake's tables belong to the same schema (below Base, which they need)
from gateway.intake import models as intake_models  # noqa: E402, F401
