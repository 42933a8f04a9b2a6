"""Reading a roster file: its encoding, its columns, and the value of each cell."""
