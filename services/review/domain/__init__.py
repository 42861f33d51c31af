"""Rules of review without I/O: what a decision may say, who is drawn, what applicants and experts are shown."""
