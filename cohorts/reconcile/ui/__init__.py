"""The staff's pages about synchronization. Each only stores a request and returns at once."""
