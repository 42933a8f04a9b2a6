"""Base classes and helpers of the admin classes of all apps."""
