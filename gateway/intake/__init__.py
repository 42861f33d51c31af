"""Intake: the command log, the windows beside it, and the dispatcher that hands commands to workflows in log order."""
