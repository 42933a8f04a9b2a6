"""Lens keeps an academy's cohorts, Discord server and Google Calendar in sync."""

__version__ = "0.1.0"
