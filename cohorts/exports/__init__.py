"""Lists as files for a spreadsheet: CSV and XLSX, with each export recorded."""
