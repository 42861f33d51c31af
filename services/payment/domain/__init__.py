"""Rules of payment, no I/O: fees, what money counts, where a transfer belongs, what goes back."""
