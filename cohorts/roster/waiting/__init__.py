"""Imports of large rosters: stored with their confirmation, and carried out by a worker."""
