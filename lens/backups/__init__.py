"""Backups of the database with PostgreSQL's own programs, and their restore.

manifest.py      what a backup is of: the file beside the dump
pg_programs.py   pg_dump and pg_restore: where they are, and how they reach the database
dumping.py       `manage.py backup`
restoring.py     `manage.py restore`
"""
