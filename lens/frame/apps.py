from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Django's admin, with a site that fits into the frame of the staff's pages."""

    default_site = "lens.frame.staff_site.StaffSite"
