"""Letters that staff write to people of a cohort.

staff_letter      the kind of message: its topic, placeholders and text
letter_text       the form of subject and text, and what a letter begins with
letter_preview    who gets a letter and how, and what changed since a preview
posting           record the letter in the outbox, once and for everyone together
"""
