"""What people are told of their meetings: in time, and when one changes."""
