"""The root URLconf."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from cohorts.reconcile.ui.drift_page import drift
from guestvisits.admin.moving_members import move_members_view
from lens.desk.urls import staff_urls
from lens.health import healthz
from lens.metrics.views import metrics
from lens.personal_data.views import personal_data_urls
from lens.sign_in.urls import sign_in_urls
from lens.sign_in.views import admin_sign_in

READ = ["get", "head", "options"]

handler404 = "lens.error_pages.not_found"

admin_pages, admin_app, admin_name = admin.site.urls

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("admin/sync/", include("cohorts.reconcile.ui.urls")),
    path("admin/drift/", drift, name="drift"),
    path("admin/login/", admin_sign_in),  # instead of the admin's own
    *personal_data_urls(),
    path("admin/members/move/", admin.site.admin_view(move_members_view), name="move-members"),
    path("admin/", ([*staff_urls, *admin_pages], admin_app, admin_name)),
    path("", include("cohorts.outbox.urls")),
    path("", include("guestvisits.urls")),
    path("", include(sign_in_urls())),
    path("", RedirectView.as_view(pattern_name="my-meetings", http_method_names=READ), name="home"),
    path("reschedule/", RedirectView.as_view(pattern_name="my-meetings", http_method_names=READ)),
    path("api/", include("guestvisits.api.urls")),
    path("api/", RedirectView.as_view(pattern_name="api-docs", http_method_names=READ), name="api"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]
