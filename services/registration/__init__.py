"""Registration: rounds, persons, drafts, evidence files, the printed form, the phase of each application."""
