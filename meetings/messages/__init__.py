"""Messages about meetings: reminders, changes, departures and nudges."""
