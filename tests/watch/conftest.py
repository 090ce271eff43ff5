from tests.embedded import aws, embedded

__all__ = ["aws", "embedded"]
