"""One module a figure; each offers ``run(settings)``, which yields rows of the table."""
