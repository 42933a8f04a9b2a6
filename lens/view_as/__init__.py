"""View as: staff see the pages of a learner or facilitator as that person does, and change nothing.

viewing.py         whom a session views, when that ends, and who can be viewed
read_only.py       the block in which the database is only read
view_middleware.py shows those pages as the person, and refuses everything else
views.py           start and stop
"""
