"""Routes that the gateway passes on to a service unchanged, each declared as one row (`rows_*.py`)."""

from gateway.passing.row import Row, add_routes, rules_of
from gateway.passing.rows import ROWS

__all__ = ["ROWS", "Row", "add_routes", "rules_of"]
