#!/usr/bin/env python
"""Lens's command line: `manage.py help` lists the commands."""

import gc
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lens.settings")
    # Nothing that is being loaded is garbage; looking for some takes a sixth of the CPU time of a
    # start. LensConfig.ready() switches it on again.
    gc.disable()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # an invalid setting: the message is enough
        sys.exit(f"Settings: {error}")


if __name__ == "__main__":
    main()
