"""What is next: deterministic workflows that know only `contracts`."""
