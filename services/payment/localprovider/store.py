"""The provider's own memory: an SQLite file, so that a restart forgets nothing."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = (
    """create table if not exists trade (
  number text primary key, provider text not null, amount_fen integer not null, currency text not null,
  description text not null, notify_url text not null, return_url text not null, state text not null,
  transaction_id text, succeeded_at real, notified integer not null default 0, next_notify_at real,
  heard integer not null default 0)""",
    """create table if not exists refund (
  number text primary key, trade text not null, provider text not null, amount_fen integer not null,
  state text not null, refund_id text not null, created_at real not null)""",
)


@dataclass(frozen=True, kw_only=True)
class Trade:
    """One charge; times are seconds since 1970. `next_notify_at` None: there is nothing to tell."""

    number: str
    provider: str
    amount_fen: int
    currency: str
    description: str
    notify_url: str
    return_url: str
    state: str
    transaction_id: str | None
    succeeded_at: float | None
    notified: int
    next_notify_at: float | None
    heard: int


@dataclass(frozen=True, kw_only=True)
class Refund:
    number: str
    trade: str
    provider: str
    amount_fen: int
    state: str
    refund_id: str
    created_at: float


class Store:
    """Calls are short and on one thread: the provider is a local stand-in, not a bank."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode=wal")
        for table in _SCHEMA:
            self._db.execute(table)

    def create(self, trade: Mapping[str, Any]) -> Trade:
        """The same number again is the same charge."""
        self._db.execute(
            "insert or ignore into trade (number, provider, amount_fen, currency, description, notify_url,"
            " return_url, state) values (:number, :provider, :amount_fen, :currency, :description, :notify_url,"
            " :return_url, 'open')",
            dict(trade),
        )
        found = self.get(trade["number"])
        assert found is not None
        return found

    def get(self, number: str) -> Trade | None:
        row = self._db.execute("select * from trade where number = ?", (number,)).fetchone()
        return None if row is None else Trade(**dict(row))

    def pay(self, number: str, transaction_id: str, at: float) -> Trade | None:
        """Once; the first callback is due at once."""
        self._db.execute(
            "update trade set state = 'success', transaction_id = ?, succeeded_at = ?, next_notify_at = ?"
            " where number = ? and state = 'open'",
            (transaction_id, at, at, number),
        )
        return self.get(number)

    def due(self, now: float) -> list[Trade]:
        rows = self._db.execute(
            "select * from trade where next_notify_at <= ? order by next_notify_at limit 100", (now,)
        )
        return [Trade(**dict(row)) for row in rows.fetchall()]

    def notified(self, number: str, *, heard: bool, next_at: float | None) -> None:
        self._db.execute(
            "update trade set notified = notified + 1, heard = ?, next_notify_at = ? where number = ?",
            (int(heard), None if heard else next_at, number),
        )

    def refund(self, refund: Mapping[str, Any]) -> Refund:
        """The same number again is the same refund."""
        self._db.execute(
            "insert or ignore into refund (number, trade, provider, amount_fen, state, refund_id, created_at)"
            " values (:number, :trade, :provider, :amount_fen, 'success', :refund_id, :created_at)",
            dict(refund),
        )
        found = self.find_refund(refund["number"])
        assert found is not None
        return found

    def find_refund(self, number: str) -> Refund | None:
        row = self._db.execute("select * from refund where number = ?", (number,)).fetchone()
        return None if row is None else Refund(**dict(row))

    def refunded_fen(self, trade: str) -> int:
        query = "select coalesce(sum(amount_fen), 0) from refund where trade = ?"
        return int(self._db.execute(query, (trade,)).fetchone()[0])

    def trades(self) -> list[Trade]:
        """All that succeeded, for the bill."""
        rows = self._db.execute("select * from trade where state = 'success' order by succeeded_at")
        return [Trade(**dict(row)) for row in rows.fetchall()]

    def close(self) -> None:
        self._db.close()
