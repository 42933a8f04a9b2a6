"""Template filters for times on staff pages."""

from django import template

from cohorts.admin_base.reader_time import show_beside, show_both, show_local, show_time

register = template.Library()

register.filter("shown_time", show_time)
register.filter("both_times", show_both)
register.filter("beside", show_beside)
register.filter("local_time", show_local)
