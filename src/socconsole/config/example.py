"""The configuration that ``socconsole config init`` prints: every key, commented out."""

from typing import Final

EXAMPLE: Final = """\
# socconsole: the configuration. Every key is optional; `socconsole config check` says what is wrong.

# analyst = "oncall1"            # who acts, in the ledger and in CloudTrail; the login name when absent
# mode = "TRIAGE"                # or "READ": decisions stay here until `:send`
# theme = "dark"                 # dark, light, high-contrast, colour-safe, mono, or one of yours
# share = 0.3                    # part of AWS's request quota this install may use
# allow_profile_to_respond = false  # contain with the profile's own rights where there is no responder_role
# forensic_account = "777788889999"   # whom evidence (snapshots) is shared with, and copied to
# evidence_lock_days = 30        # how long a snapshot is locked against deletion
# alone = false                  # a team of one: no second person for what is wide, final or re-exposing
# critical = ["arn:aws:s3:::invoices*"]   # resources that weigh more in the score
# never_touch = ["arn:aws:s3:::kept-open-on-purpose"]
# protected_tags = { "socconsole" = "never" }
# quiet_hours = ["22:00-06:00"]  # UTC; the bell is silent then
# linger_minutes = 15            # how long the watch goes on after the last console
# rules = ["rules"]              # folders of your own Sigma rules; `rules` beside this file when absent
# rules_off = []                 # ids of rules not to run; `socconsole rules list` shows them
# remind_minutes = 15            # when an unacknowledged critical or high threat is recorded as overdue
# clipboard = "osc52"            # or "tmux", "file", "off"
# mouse = true                   # absent: off over ssh, on elsewhere

# [[accounts]]
# account = "111122223333"
# name = "prod-eu"
# profile = "prod-eu"
# regions = ["eu-central-1", "eu-west-1"]
# reader_role = "arn:aws:iam::111122223333:role/socconsole-reader"
# watch_role = "arn:aws:iam::111122223333:role/socconsole-watch"
# triage_role = "arn:aws:iam::111122223333:role/socconsole-triage"
# responder_role = "arn:aws:iam::111122223333:role/socconsole-responder"
# theme = "high-contrast"
# exclude = []                   # out of scope: securityhub, guardduty, trail, egress, alarms, metrics, posture

# [[peers]]                      # installs whose `socconsole approve` counts here
# name = "lead"
# # What `socconsole ledger key` prints there; or, in "", the key's 64 hexadecimal digits:
# public_key = \"\"\"
# -----BEGIN PUBLIC KEY-----
# MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=
# -----END PUBLIC KEY-----
# \"\"\"

# [[runbook]]                    # a containment of your own, under the same rails
# id = "team-contain-bucket"
# title = "Contain a bucket with AWS's runbook"
# document = "AWSSupport-ContainS3Resource"
# types = ["AwsS3Bucket"]
# stops = "every access to the bucket but by the roles named as secure"
# [runbook.parameters]
# Action = "Contain"
# ResourceArn = "arn:aws:s3:::${target}"
# DryRun = "false"
# SecureRoles = "arn:aws:iam::${account}:role/socconsole-responder"
# S3BucketName = "containment-backups"
# AutomationAssumeRole = "arn:aws:iam::${account}:role/containment"
# [runbook.undo]
# Action = "Restore"
# ResourceArn = "arn:aws:s3:::${target}"
# DryRun = "false"
# S3BucketName = "containment-backups"
# AutomationAssumeRole = "arn:aws:iam::${account}:role/containment"

# [[dataset]]
# name = "support transcripts"
# stores = ["support-transcripts-*"]
# categories = ["pii"]
# confidential = true
# entity = "Kaufhaus SE"         # whose data it is; role = "processor" where it is processed for others
# subjects = ["customers"]
# people = [180000, 240000]      # at least and at most; absent: not known, which is not none
# countries = ["DE", "AT"]

# [[entity]]                     # legal entities: regulatory clocks run for each by itself
# name = "Kaufhaus SE"
# country = "DE"
# zone = "Europe/Berlin"
# authorities = { gdpr-33 = "Berliner Beauftragte fuer Datenschutz", nis2-23 = "BSI" }
# contact = "dpo@kaufhaus.example"
# applies = { nis2-23 = true, dora-19 = false }
# [[entity.controllers]]         # for whom it processes data, and how soon they want to be told
# name = "Marken GmbH"
# within = "24h"

# [cases]
# decide = ["lead", "dpo"]       # who may say when an entity was aware, and whether to notify
# playbooks = "playbooks"        # folder of your own playbooks; `playbooks` beside this file when absent

# [egress]
# llm_tags = ["*llm*", "app=recommendations"]   # names and tags of what serves or feeds a model
# alarm_topic = "arn:aws:sns:${region}:111122223333:soc"   # whom alarms made from here tell

# [posture]                      # what the checks hold the estate against
# regions = ["eu-central-1", "eu-west-1"]   # where data may lie and be processed; those of [[accounts]] when absent
# trusted_accounts = ["555566667777"]       # others who may be let in
# classification_tag = "DataClassification"
# classifications = ["public", "internal", "confidential", "restricted"]
# owner_tag = "owner"
# residency_tag = "residency"
# evidence_buckets = ["*-forensics"]        # they need Object Lock
# break_glass_role = "arn:aws:iam::111122223333:role/break-glass"
# checkout = ["arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/0a1b2c3d4e5f6071"]
# inference_ports = [8000, 11434, 8080, 8001, 5000, 30000]
# drill_days = 92                           # the longest time between two tabletop exercises

# [spend]                        # what `posture --report spend` divides
# detection_percent = 60         # of what is counted, at least so much to detection and response
# services = { "AWS Lambda" = "response" }
# positions = [{ name = "on-call team", monthly = 18000, kind = "response" }]

# [[third_party]]                # whoever outside may read data or take roles: `posture --report third-parties`
# name = "Prompt agency"
# who = ["999988887777"]         # account ids, ARNs, federations, as policies name them, with * and ?
# owner = "ml-serving"
# purpose = "tunes prompts of the shop's assistant"
# contact = "security@agency.example, +49 30 1234567"
# review = 2027-03-31            # looked at again by then

# [[probe]]                      # an endpoint of your own: `posture --report errors` looks at how it refuses
# url = "https://llm.shop.example/v1/chat/completions"
# token_env = "LLM_PROBE_TOKEN"  # environment variable with its bearer token
# canaries = ["the quick onyx goblin of Kaufhaus"]   # planted in training data, and nowhere else
# budget = 12
# per_second = 1.0

# [push]                         # the queue that deploy/push.json makes: findings, alarms and calls as they happen
# queue_url = "https://sqs.eu-central-1.amazonaws.com/111122223333/socconsole-push"
# account = "111122223333"
# region = "eu-central-1"
# trail_buckets = ["kaufhaus-trail-archive"]

# [[channel]]                    # ways to tell somebody
# id = "oncall"
# who = "whoever is on call"
# sns = "arn:aws:sns:eu-central-1:111122223333:socconsole-oncall"
# [[channel]]
# id = "chat"
# apprise_env = "SOC_CHAT_URL"   # environment variable with an Apprise URL; or apprise_file = "chat.url"
# template = "${severity} ${title} (${where}) ${acknowledge}"

# [[escalation]]                 # who is told of what, in which order
# name = "night"
# severity = "CRITICAL"          # of a finding; sources = ["socconsole"], types = ["Containment:*"] narrow it further
# case_severity = "HIGH"         # of a case that was opened
# [[escalation.steps]]
# channel = "oncall"
# wait_minutes = 10
# [[escalation.steps]]
# channel = "chat"
# quiet_hours = ["22:00-06:00"]

# [handoff]                      # one that was given and has no receipt by then is a finding (Handoff:Unaccepted)
# accept_within_minutes = 30

# [heartbeat]                    # the watch says once a minute that it lives; deploy/heartbeat.json misses it
# account = "111122223333"
# region = "eu-central-1"
# install = "soc-1"

# [intervals]
# securityhub = 30
# guardduty = 60
# trail = 30
# egress = 600
# alarms = 30
# metrics = 60
# posture = 3600

# [keys]
# acknowledge = "A"
"""
