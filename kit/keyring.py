"""A key for each person: what events carry of them is sealed under it, and deleting it is erasure.

Table registration.person_key(person_id uuid primary key, wrapped bytea, created_at timestamptz): registration
writes it, other roles may read it. `wrapped` is the key sealed under the field key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.crypto import Undecryptable, key_id_of, seal, unseal
from kit.settings import Settings

_FIND = text("select wrapped from registration.person_key where person_id = :person")
_ADD = text(
    "insert into registration.person_key (person_id, wrapped, created_at)"
    " values (:person, :wrapped, public.fudao_now()) on conflict (person_id) do nothing"
)
_ERASE = text("delete from registration.person_key where person_id = :person")


async def encrypt_for(
    session: AsyncSession, settings: Settings, person_id: UUID, payload: Mapping[str, Any]
) -> str:
    """The payload (JSON-able) sealed under the person's key, base64; the first call makes the key.

    Needs the right to write the table; the key is committed with the caller's transaction.
    """
    key = await _find(session, settings, person_id)
    if key is None:
        wrapped = seal(settings.field_key_id, settings.key("field_key"), os.urandom(32), _place(person_id))
        await session.execute(_ADD, {"person": person_id, "wrapped": wrapped})
        key = await _find(session, settings, person_id)  # ours, or that of whoever was first
    if key is None:
        raise RuntimeError("person_key row vanished while it was being written")
    data = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return base64.b64encode(seal(_fingerprint(key), key, data, _place(person_id))).decode()


async def decrypt_for(
    session: AsyncSession, settings: Settings, person_id: UUID, sealed: str
) -> dict[str, Any] | None:
    """What encrypt_for() took, or None when the person's key was erased (or erased and made anew).

    Undecryptable when the bytes were touched or belong to another person.
    """
    data = base64.b64decode(sealed)
    key = await _find(session, settings, person_id)
    if key is None or key_id_of(data) != _fingerprint(key):
        return None
    payload = json.loads(unseal({_fingerprint(key): key}, data, _place(person_id)))
    if not isinstance(payload, dict):
        raise Undecryptable("payload")
    return payload


async def erase(session: AsyncSession, person_id: UUID) -> bool:
    """Deletes the person's key: all that was sealed under it is gone. False when there was none."""
    done = cast(CursorResult[Any], await session.execute(_ERASE, {"person": person_id}))
    return done.rowcount == 1


async def _find(session: AsyncSession, settings: Settings, person_id: UUID) -> bytes | None:
    wrapped = (await session.execute(_FIND, {"person": person_id})).scalar_one_or_none()
    if wrapped is None:
        return None
    return unseal(settings.field_key_bytes(), wrapped, _place(person_id))


def _place(person_id: UUID) -> bytes:
    return b"person:" + person_id.bytes


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]
