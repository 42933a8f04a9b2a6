"""The connection check of the command line: everything that a production set-up needs."""
