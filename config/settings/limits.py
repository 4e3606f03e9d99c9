"""Limits: bytes, seconds, counts."""

from config.settings.environment import count, number

FILE_SIZE_LIMIT = count("PRESSCHECK_FILE_SIZE_LIMIT", 1024**3)
PROJECT_QUOTA = count("PRESSCHECK_PROJECT_QUOTA", 10 * 1024**3)
SANDBOX_QUOTA = count("PRESSCHECK_SANDBOX_QUOTA", 1024**3)
SANDBOXES_EACH = count("PRESSCHECK_SANDBOXES", 5)  # that one person owns at a time
SANDBOX_LIFETIME_DAYS = 30  # from its last upload on
RUN_SIZE_LIMIT = count("PRESSCHECK_RUN_SIZE_LIMIT", 4 * 1024**3)  # all artifacts of a run together
EVIDENCE_SIZE_LIMIT = 20 * 1024**2
EVIDENCE_DAY_LIMIT = 100 * 10**6  # of one person or token
EVIDENCE_RELEASE_LIMIT = 200 * 10**6
EVIDENCE_WAITS_DAYS = 7  # for its release to have a draft
FORM_FIELDS_LIMIT = 10_000
FORM_MEMORY_LIMIT = 8 * 1024**2
WEB_THREADS = count("PRESSCHECK_THREADS", 32)  # of each web process
BODY_RATE = count("PRESSCHECK_BODY_RATE", 64_000)
BODY_SECONDS = number("PRESSCHECK_BODY_SECONDS", 30)
DATA_UPLOAD_MAX_MEMORY_SIZE = EVIDENCE_SIZE_LIMIT + FORM_MEMORY_LIMIT  # a pasted log travels in a form
DRAFT_LIFETIME_DAYS = 7
DRAFT_LIFETIME_MAX_DAYS = 30
PURGE_GRACE_HOURS = 24
LIVE_DRAFTS_PER_PROJECT = 20
DRAFTS_OPENED_PER_HOUR = 5
SCHEDULE_SOONEST_SECONDS = 30  # a publish at a time lies at least so far ahead
ORDER_AGAIN_SECONDS = 60  # until a standing order that waits looks again
READY_AGAIN_SECONDS = 30  # until it is asked again whether a draft under inspection waits for people alone
JOB_LEASE_SECONDS = number("PRESSCHECK_JOB_LEASE_SECONDS", 30)
INSPECTION_SECONDS = number("PRESSCHECK_INSPECTION_SECONDS", 600)
SWEEP_SECONDS = number("PRESSCHECK_SWEEP_SECONDS", 10)
EXPECTED_FILES_LIMIT = 500
UPLOAD_BODY_LIMIT = 1024**2  # of what is said about files, not of files
UPLOAD_SILENCE_SECONDS = 60.0  # then an upload is abandoned, if somebody else wants its name
UPLOAD_AT_ONCE = 32 * 1024**2  # larger files are looked at by a worker
# Of a resumable upload; the last part may be smaller.
UPLOAD_PART_LEAST, UPLOAD_PART_MOST = 1024**2, 16 * 1024**2
UPLOADS_UNDER_WAY_LIMIT = 500  # of one draft, failed ones too
# Of a file that its client sends to the bucket; stores take 10 000 parts of 5 MiB and more.
UPLOAD_S3_PART = 64 * 1024**2
