"""The whole system on one machine, from packages only: servers, our processes, and one who looks after them."""

from cli.embedded.supervisor import Addresses, Embedded

__all__ = ["Addresses", "Embedded"]
