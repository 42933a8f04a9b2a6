"""The frame around staff pages: sidebar, search, start page, operations, time zone and roles."""
