"""Events and commands leave a service through its table `outbox`, in the transaction that made them."""

from kit.outbox.relay import Relay
from kit.outbox.rows import add_command, add_commands, add_event, add_events, depth

__all__ = ["Relay", "add_command", "add_commands", "add_event", "add_events", "depth"]
