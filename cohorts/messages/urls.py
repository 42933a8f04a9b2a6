from django.urls import path

from cohorts.messages.views import unsubscribe

urlpatterns = [path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe")]
