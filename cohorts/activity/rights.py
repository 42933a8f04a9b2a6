"""Who may see the activity."""

from __future__ import annotations

SEE_ACTIVITY = ("cohorts.view_activityentry", "cohorts.view_user")
