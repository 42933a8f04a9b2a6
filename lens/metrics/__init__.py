"""`/metrics` for Prometheus, and the three objectives of the Operations page."""
