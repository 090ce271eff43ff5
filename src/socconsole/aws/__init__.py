"""The one door to AWS. Importing it loads no AWS library: ``Door.open`` does.

``door`` is the entrance; everything that can go wrong leaves it as :class:`AwsTrouble`.
"""

from socconsole.aws.trouble import Absent, AwsTrouble, Kind

__all__ = ["Absent", "AwsTrouble", "Kind"]
