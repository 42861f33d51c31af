"""Queue `workflows`: where the workflow workers poll; only the gateway starts and updates runs there."""

TASK_QUEUE = "workflows"
