"""Roles, schemas, grants and the clock of a new database. Idempotent: every start may run it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import asyncpg

ROLES = (
    "gateway",
    "registration",
    "payment",
    "review",
    "exam",
    "scoring",
    "publication",
    "notification",
    "readmodel",
)
"""One role a service, one schema a role, both with the service's name."""

# STABLE although clock_timestamp() is not: only so may `due_at <= public.fudao_now()` use an index.
_CLOCK = """
create function public.fudao_now() returns timestamptz language sql stable parallel safe
as 'select clock_timestamp()'
"""
_LOCK_KEY = 4_709_310_417  # any number, the same in every process


async def bootstrap(admin_dsn: str, passwords: Mapping[str, str]) -> None:
    """Creates the database if it is absent, then role, schema, grants and search_path for each of `passwords`.

    `admin_dsn` names the target database (postgresql://user:pw@host:port/fudao, or ?host=/folder). A password is
    set anew each time, as a SCRAM verifier, so that it never stands in a server log. `public.fudao_now()` is never
    overwritten: a test database may have put an offset into it.
    """
    connection = await _connect(admin_dsn)
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK_KEY)
            await _close_public(connection)
            for role, password in passwords.items():
                await _role(connection, role, password)
    finally:
        await connection.close()


async def _connect(admin_dsn: str) -> asyncpg.Connection[asyncpg.Record]:
    try:
        return await asyncpg.connect(admin_dsn, timeout=10)
    except asyncpg.InvalidCatalogNameError:
        parts = urlsplit(admin_dsn)
        server = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")), timeout=10)
        try:
            await _ddl(server, "create database %I", parts.path.lstrip("/"))
        except asyncpg.DuplicateDatabaseError:
            pass  # another process was faster
        finally:
            await server.close()
        return await asyncpg.connect(admin_dsn, timeout=10)


async def _close_public(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    database = await connection.fetchval("select current_database()")
    await _ddl(connection, "revoke all on database %I from public", database)
    await connection.execute("revoke all on schema public from public")
    if await connection.fetchval("select to_regprocedure('public.fudao_now()') is null"):
        await connection.execute(_CLOCK)


async def _role(connection: asyncpg.Connection[asyncpg.Record], role: str, password: str) -> None:
    database = await connection.fetchval("select current_database()")
    if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", role):
        await _ddl(connection, "create role %I login nosuperuser nocreatedb nocreaterole", role)
    await _ddl(connection, "alter role %I password %L", role, _scram(password))
    await _ddl(connection, "grant connect on database %I to %I", database, role)
    # a managed server's administrator is no superuser: to own a schema for a role it must be a member of it
    await _ddl(connection, "grant %I to current_user", role)
    await _ddl(connection, "create schema if not exists %I authorization %I", role, role)
    await _ddl(connection, "grant usage on schema public to %I", role)
    await _ddl(connection, "alter role %I in database %I set search_path = %I", role, database, role)


async def _ddl(connection: asyncpg.Connection[asyncpg.Record], template: str, *names: str) -> None:
    """DDL takes no parameters: PostgreSQL itself quotes the names (%I) and literals (%L)."""
    await connection.execute(
        await connection.fetchval("select format($1::text, variadic $2::text[])", template, names)
    )


def _scram(password: str) -> str:
    """The SCRAM-SHA-256 verifier of RFC 5803, as `\\password` in psql makes it. ASCII passwords only."""
    salt, rounds = secrets.token_bytes(16), 4096
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    part = [base64.b64encode(value).decode() for value in (salt, stored, server)]
    return f"SCRAM-SHA-256${rounds}:{part[0]}${part[1]}:{part[2]}"
