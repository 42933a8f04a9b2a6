"""Who did what: every service that changes facts writes one entry, in its own transaction."""
