"""Messages about visits: to the groups in their channels, to the guest by e-mail."""
