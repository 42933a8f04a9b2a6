"""Messages about meetings: reminders, changes, departures and requests for answers."""
