"""What the console must not load, and must not do, on its way to the first frame."""

import subprocess
import sys

HEAVY = ("aiobotocore", "botocore", "boto3", "sqlite_utils", "cryptography", "socconsole.aws", "socconsole.response")


def test_the_console_loads_nothing_heavy_and_no_aws() -> None:
    program = (
        "import sys, socconsole.app, socconsole.screens.triage, socconsole.screens.contain, "
        "socconsole.screens.activity, socconsole.screens.sources, socconsole.screens.palette\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
