from django.apps import AppConfig


class CalendarSyncConfig(AppConfig):
    name = "calendarsync"
    verbose_name = "Google Calendar"

    def ready(self) -> None:
        from calendarsync import checks, set_up  # noqa: F401 - registers them
        from calendarsync.mails.mail_forecast import forecast_google_mails
        from calendarsync.management.calendar_report import report_calendars
        from calendarsync.provider import CalendarAdmin, CalendarProvider
        from calendarsync.rsvp.not_invited import NOT_INVITED, find_not_invited
        from calendarsync.verify.verification import CALENDAR_VERIFICATION
        from cohorts.needs.registry import NeedKind, need_kinds
        from cohorts.reconcile.management.group_reports import group_reports
        from cohorts.reconcile.provider import provider_admins, providers
        from cohorts.reconcile.verify.experiments import verifications
        from guestvisits.set_up_status import set_up_lines
        from meetings.moving.forecasts import mail_forecasts

        group_reports.register(report_calendars)
        mail_forecasts.register(forecast_google_mails)
        need_kinds.register(NeedKind(NOT_INVITED, "Not invited", find_not_invited), order=85)
        provider_admins.register(CalendarAdmin())
        providers.register(CalendarProvider(), order=20)
        set_up_lines.register(set_up.find_lines, order=30)
        verifications.register(CALENDAR_VERIFICATION, order=20)
