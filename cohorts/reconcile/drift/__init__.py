"""Drift: lasting differences of single objects outside, on which staff decide.

A provider's review names them, the group's sync status stores them, and a page offers the choices.
"""
