"""The outside world of registration: opening files in a process of its own, typst."""
