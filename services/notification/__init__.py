"""Messages to people: what events are worth telling, reminders, delivery. A post on the platform binds (R2)."""
