from __future__ import annotations

from tests.response.conftest import aws, embedded, folder, session  # noqa: F401
