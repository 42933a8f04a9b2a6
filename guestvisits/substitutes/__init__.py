"""Substitutes: who leads a meeting that its facilitator can't lead."""
