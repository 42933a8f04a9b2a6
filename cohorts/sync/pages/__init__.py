"""Staff's pages about keeping in step.  Each says what is wanted and returns at once."""
