from django.urls import path

from cohorts.outbox.views import unsubscribe

urlpatterns = [path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe")]
