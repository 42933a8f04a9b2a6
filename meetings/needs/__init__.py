"""Items on the Today page about meetings, and the meetings that its parts share."""
