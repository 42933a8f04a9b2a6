"""The page of one person: who they are, where they belong, what they can see and why not."""
