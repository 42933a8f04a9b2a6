"""What Lens holds about a person: to show it to them, and to erase it.

tables     every table with rows about people: what is exported, and what erasing does to them
export     reads everything about one person
erasure    what is left to do before someone can be erased, and erasing them
tasks      erases whoever is ready, every five minutes
views      the learner's page, the export, and the staff pages
"""
