"""What people are told of visits: the groups in their channels, the guest by e-mail."""
