"""The provider's own memory: an SQLite file, so that a restart forgets nothing."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
create table if not exists charge (
  out_trade_no text primary key, merchant_id text not null, amount_fen integer not null, currency text not null,
  description text not null, notify_url text not null, state text not null, transaction_id text,
  succeeded_at text, notified integer not null default 0, next_notify_at real, heard integer not null default 0
)
"""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One charge; `next_notify_at` (seconds since 1970) is None when nothing is to be told."""

    out_trade_no: str
    merchant_id: str
    amount_fen: int
    currency: str
    description: str
    notify_url: str
    state: str
    transaction_id: str | None
    succeeded_at: str | None
    notified: int
    next_notify_at: float | None
    heard: int

    def body(self) -> bytes:
        """What callbacks and queries say of it."""
        fields = (
            "merchant_id",
            "out_trade_no",
            "state",
            "transaction_id",
            "amount_fen",
            "currency",
            "succeeded_at",
        )
        return json.dumps({name: getattr(self, name) for name in fields}).encode()


class Store:
    """Calls are short and on one thread: the provider is a local stand-in, not a bank."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode=wal")
        self._db.execute(_SCHEMA)

    def create(self, charge: dict[str, Any]) -> Charge:
        """The same number again is the same charge."""
        self._db.execute(
            "insert or ignore into charge (out_trade_no, merchant_id, amount_fen, currency, description, notify_url,"
            " state) values (:out_trade_no, :merchant_id, :amount_fen, :currency, :description, :notify_url, 'open')",
            charge,
        )
        found = self.get(charge["out_trade_no"])
        assert found is not None
        return found

    def get(self, out_trade_no: str) -> Charge | None:
        row = self._db.execute("select * from charge where out_trade_no = ?", (out_trade_no,)).fetchone()
        return None if row is None else Charge(**dict(row))

    def pay(self, out_trade_no: str, transaction_id: str, succeeded_at: str, now: float) -> Charge | None:
        """Once; the first callback is due at once."""
        self._db.execute(
            "update charge set state = 'success', transaction_id = ?, succeeded_at = ?, next_notify_at = ?"
            " where out_trade_no = ? and state = 'open'",
            (transaction_id, succeeded_at, now, out_trade_no),
        )
        return self.get(out_trade_no)

    def due(self, now: float) -> list[Charge]:
        rows = self._db.execute("select * from charge where next_notify_at <= ? limit 100", (now,)).fetchall()
        return [Charge(**dict(row)) for row in rows]

    def notified(self, out_trade_no: str, *, heard: bool, next_at: float | None) -> None:
        self._db.execute(
            "update charge set notified = notified + 1, heard = ?, next_notify_at = ? where out_trade_no = ?",
            (int(heard), None if heard else next_at, out_trade_no),
        )

    def close(self) -> None:
        self._db.close()
