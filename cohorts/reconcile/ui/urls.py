"""URLs of the staff's pages about synchronization, below /admin/sync/."""

from django.urls import path, register_converter

from cohorts.reconcile.ui import check_page, ownership_decision, plan_pages, progress, remedies


class NumbersConverter:
    """Converts "12,13" to [12, 13]."""

    regex = r"\d{1,18}(?:,\d{1,18}){0,9}"

    def to_python(self, value: str) -> list[int]:
        return [int(number) for number in value.split(",")]

    def to_url(self, value: list[int]) -> str:
        return ",".join(str(number) for number in value)


register_converter(NumbersConverter, "numbers")

app_name = "sync"
urlpatterns = [
    path("cohorts/<int:pk>/realize/", plan_pages.plan_cohort, name="plan_cohort"),
    path("cohorts/<int:pk>/progress/", progress.progress, name="progress"),
    path("cohorts/<int:pk>/withdraw/", remedies.withdraw, name="withdraw"),
    path("plans/<numbers:ids>/", plan_pages.show_plan, name="plan"),
    path("plans/<numbers:ids>/confirm/", plan_pages.confirm_plan, name="confirm_plan"),
    path("plans/<numbers:ids>/again/", plan_pages.plan_again, name="plan_again"),
    path("plans/<numbers:ids>/allow/", plan_pages.approve_removals, name="approve_removals"),
    path("providers/<slug:provider>/pause/", remedies.pause, name="pause"),
    path("providers/<slug:provider>/resume/", remedies.resume, name="resume"),
    path("decide/", ownership_decision.decide, name="decide"),
    path("check/", check_page.check_connections, name="check"),
    *(
        path(f"groups/<int:pk>/<slug:provider>/{name}/", view, name=name)
        for name, view in remedies.REMEDIES.items()
    ),
]
