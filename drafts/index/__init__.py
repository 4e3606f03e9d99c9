"""What installers see: Simple API pages, files and draft pages."""
