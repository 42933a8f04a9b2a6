"""Chaos: a whole installation in real processes, people who use it, and everything that can fail.

installation.py   PostgreSQL, sandbox, web, worker and bot, and what happens to them
people.py         what people do over HTTP, and what they were told
staff.py          what staff do on the admin's pages
checker.py        reads the database by SQL and the outside by the services' own API
test_chaos.py     the run: `make chaos`, or an hour as `make soak`
"""
