"""How dates and times are written; Django finds the module of the language here."""
