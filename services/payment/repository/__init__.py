"""All SQL of payment."""
