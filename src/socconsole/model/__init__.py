"""What the console knows: frozen types without I/O. Times are UTC-aware ``datetime``."""
