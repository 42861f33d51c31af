"""Recovery of an account whose phone is lost (A1): asked for by anybody, proposed by one, approved by another."""
