"""The Upload 2.0 API (PEP 694): sessions, files, and the ways in which their bytes come."""
