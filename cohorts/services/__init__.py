"""Services write facts.  They lock groups in id order, never enqueue and never call the network."""
