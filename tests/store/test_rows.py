"""What a finding's row says in a word or two."""

from __future__ import annotations

from socconsole.model.finding import Actor, Resource
from socconsole.store.rows import place_of
from socconsole.text import Untrusted

KEY = Resource("AwsIamAccessKey", Untrusted("ASIAEXAMPLEEXAMPLE12"), Untrusted("ASIAEXAMPLEEXAMPLE12"))
USED = Resource("AwsIamAccessKey", Untrusted("ASIAEXAMPLEEXAMPLE12"), Untrusted("vllm-recs"))
BUCKET = Resource("AwsS3Bucket", Untrusted("arn:aws:s3:::corpus"), Untrusted("corpus"))
ACCOUNT = Resource("AwsAccount", Untrusted("AWS::::Account:111122223333"))


def test_the_place_is_what_means_something_to_a_reader() -> None:
    assert place_of(()) == ""
    assert place_of((KEY, BUCKET)) == "corpus +1", "an attack sequence: the bucket, not a key's id"
    assert place_of((ACCOUNT, BUCKET)) == "corpus +1"
    assert place_of((USED, BUCKET)) == "vllm-recs +1", "a key that names its principal is a place"
    by = (Actor("ip", Untrusted("203.0.113.9")), Actor("role", Untrusted("vllm-recs")))
    assert place_of((KEY,), by) == "vllm-recs"
    assert place_of((KEY, BUCKET), by) == "corpus +1"
    assert place_of((ACCOUNT, KEY)) == "ASIAEXAMPLEEXAMPLE12 +1"
    assert place_of((Resource("AwsEc2Instance", Untrusted("arn:aws:ec2:eu-west-1:1:instance/i-1")),)) == "instance/i-1"
