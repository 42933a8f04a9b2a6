"""Charts as SVG that the server renders: pure geometry here, drawn by templates/admin/charts/."""
