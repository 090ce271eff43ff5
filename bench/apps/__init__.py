"""Programs the console is measured beside: what one would write with Textual as it comes."""
