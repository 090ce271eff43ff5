"""The one door to AWS. Importing it loads no AWS library: the first call does.

``Door`` is the entrance; everything that can go wrong leaves it as :class:`AwsTrouble`.
"""

from socconsole.aws.door import Door
from socconsole.aws.iam import Grant
from socconsole.aws.trouble import Absent, AwsTrouble, Kind

__all__ = ["Absent", "AwsTrouble", "Door", "Grant", "Kind"]
