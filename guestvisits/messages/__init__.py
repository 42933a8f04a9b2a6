"""Messages about visits, substitutes and ended groups: in the groups' channels and by e-mail."""
