"""The outside world of payment: providers, the bank's files, documents."""
