"""The watch: collectors, and every duty that time drives. It reads AWS, records, and never decides or contains."""

from socconsole.watch.supervisor import Report, watch

__all__ = ["Report", "watch"]
