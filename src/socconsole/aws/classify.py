"""Every way in which botocore and AWS say no, as one :class:`AwsTrouble` with what mends it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from socconsole.aws.buckets import TooSlow
from socconsole.aws.gate import BadResponse, is_protocol, request_id
from socconsole.aws.guard import Refused
from socconsole.aws.mask import mask
from socconsole.aws.operations import table
from socconsole.aws.sessions import MfaNeeded
from socconsole.aws.trouble import AwsTrouble, Kind
from socconsole.model.world import Place
from socconsole.text import Untrusted, token

_DETAIL: Final = 2000

_CODES: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(
        (
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "UnauthorizedException",
            "AuthorizationError",
            "AuthorizationErrorException",
            "NotAuthorized",
            "NotAuthorizedException",
            "AllAccessDisabled",
            "AccountProblem",
            "ForbiddenException",
            "OptInRequired",
            "RegionDisabledException",
        ),
        Kind.DENIED,
    ),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"), Kind.EXPIRED),
    **dict.fromkeys(
        (
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "InvalidToken",
            "InvalidTokenException",
            "AuthFailure",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
        ),
        Kind.NO_CREDENTIALS,
    ),
    **dict.fromkeys(
        (
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "LimitExceededException",
            "BandwidthLimitExceeded",
            "SlowDown",
            "PriorRequestNotComplete",
        ),
        Kind.THROTTLED,
    ),
    **dict.fromkeys(("SubscriptionRequiredException",), Kind.OFF),
    **dict.fromkeys(("RequestTimeout", "RequestTimeoutException"), Kind.TIMEOUT),
    **dict.fromkeys(
        ("NoSuchBucket", "NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException", "NotFound"),
        Kind.NOT_FOUND,
    ),
}

_ENABLE: Final[Mapping[str, str]] = {
    "securityhub": "aws securityhub enable-security-hub",
    "guardduty": "aws guardduty create-detector --enable",
    "macie2": "aws macie2 enable-macie",
}


_CREDENTIAL_STEPS: Final[Mapping[str, str]] = {row.name: row.id for row in table().values() if row.credentials}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an account's credentials come from: what a remedy has to name.

    ``how`` is ``sso``, ``login``, ``profile``, ``env``, ``none`` or ``drill``; ``assumes`` the ARN of the
    role that is assumed on top, empty when none is.
    """

    how: str
    profile: str = ""
    assumes: str = ""

    @property
    def option(self) -> str:
        """`` --profile NAME`` for an aws command line; empty for the default profile."""
        return f" --profile {_word(self.profile)}" if self.profile else ""


def classify(
    error: Exception, operation: str, place: Place | None, origin: Origin, *, role: str = "reader"
) -> AwsTrouble:
    """Trouble that says what ``error`` means. ``role`` is the role kind whose permissions were used.

    When a step on the way to credentials failed, the trouble names that step and not ``operation``.
    """
    if isinstance(error, AwsTrouble):
        return error
    if isinstance(error, Refused):
        return AwsTrouble(Kind.REFUSED, operation, place, error.why, remedy=error.remedy)
    if isinstance(error, TooSlow):
        return AwsTrouble(
            Kind.THROTTLED,
            operation,
            place,
            f"our own share of the quota is used up for {error}; nothing was sent",
            remedy="raise `share` in the config if no other install uses this account",
        )
    if isinstance(error, boto.ClientError):
        step = _CREDENTIAL_STEPS.get(error.operation_name, operation)
        return _client_error(error, step, place, origin, role)
    for kinds, kind, remedy in _LOCAL:
        if isinstance(error, kinds):
            return AwsTrouble(kind, operation, place, _detail(error), remedy=_fill(remedy, place, origin, operation))
    # What is left comes from parsing an answer of a shape that nobody foresaw: not an answer.
    kind = Kind.ERROR if isinstance(error, boto.BotoCoreError) else Kind.BAD_RESPONSE
    return AwsTrouble(kind, operation, place, f"{type(error).__name__}: {_text(error)}")


# First match wins. {sign_in}, {region} … are filled by _fill.
_LOCAL: Final[tuple[tuple[tuple[type[Exception], ...], Kind, str], ...]] = (
    (
        (BadResponse, ResponseParserError, boto.ChecksumError, boto.IncompleteReadError),
        Kind.BAD_RESPONSE,
        "look for a proxy or a sign-in page between here and AWS: curl -sI https://{host}",
    ),
    (
        (
            boto.UnauthorizedSSOTokenError,
            boto.SSOTokenLoadError,
            boto.TokenRetrievalError,
            boto.LoginRefreshRequired,
            boto.LoginTokenLoadError,
            boto.LoginAuthorizationCodeError,
        ),
        Kind.EXPIRED,
        "{sign_in}",
    ),
    ((boto.ProfileNotFound,), Kind.NO_CREDENTIALS, "aws configure{option}"),
    (
        (MfaNeeded,),
        Kind.NO_CREDENTIALS,
        "aws sts get-caller-identity{option}   (asks for the code once; its cache then serves socconsole)",
    ),
    (
        (
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.CredentialRetrievalError,
            boto.NoAuthTokenError,
            boto.SSOError,
            boto.LoginError,
            boto.InvalidConfigError,
            boto.ConfigParseError,
            boto.ConfigNotFound,
        ),
        Kind.NO_CREDENTIALS,
        "{sign_in}",
    ),
    (
        (boto.ReadTimeoutError, boto.ConnectTimeoutError, TimeoutError),
        Kind.TIMEOUT,
        "check the network and the proxy: curl -sI https://{host}",
    ),
    (
        (boto.InvalidRegionError, boto.UnknownRegionError, boto.NoRegionError, boto.UnknownEndpointError),
        Kind.UNREACHABLE,
        "correct the region in the config; `aws ec2 describe-regions --all-regions` lists them",
    ),
    (
        (boto.SSLError,),
        Kind.UNREACHABLE,
        "a TLS proxy needs its certificate in AWS_CA_BUNDLE",
    ),
    (
        (boto.ConnectionError, boto.HTTPClientError, boto.ProxyConnectionError),
        Kind.UNREACHABLE,
        "check the network, the proxy and that {region} is a region: curl -sI https://{host}",
    ),
)


def _client_error(error: Any, operation: str, place: Place | None, origin: Origin, role: str) -> AwsTrouble:
    response: Mapping[str, Any] = error.response
    code = str(response.get("Error", {}).get("Code", ""))
    message = str(response.get("Error", {}).get("Message", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    asked = request_id(response)
    kind = _kind(code, message, status)
    if not asked and not is_protocol(headers):
        kind = Kind.BAD_RESPONSE
    detail = f"{code}: {message}" if message else code
    return AwsTrouble(
        kind,
        operation,
        place,
        Untrusted(mask(detail)[:_DETAIL]),
        code=token(code, 80),
        request_id=token(asked, 80) or None,
        remedy=_remedy(kind, code, message, operation, place, origin, role),
        declined=bool(asked) and bool(code) and 400 <= status < 500 and kind is not Kind.BAD_RESPONSE,
    )


def _kind(code: str, message: str, status: int) -> Kind:
    said = message.lower()
    if code == "InvalidAccessException":
        # Security Hub's one code for "not enabled here" and "this account may not" (API reference).
        own = ("not authorized", "permission", "administrator", "not allowed")
        return Kind.DENIED if any(word in said for word in own) else Kind.OFF
    if _skewed(code, said):
        return Kind.ERROR
    if code == "AccessDeniedException" and "macie is not enabled" in said:  # its one code for both, too
        return Kind.OFF
    if code == "BadRequestException" and "detectorid is not owned" in said:
        return Kind.NOT_FOUND
    if code in _CODES:
        return _CODES[code]
    if code.startswith("NoSuch") or code.endswith(".NotFound"):  # EC2: InvalidInstanceID.NotFound, and so on
        return Kind.NOT_FOUND
    if code == str(status) or not code:
        # No code of AWS's in the answer: only the status is left (HEAD answers, gateways in between).
        by_status = {401: Kind.NO_CREDENTIALS, 403: Kind.DENIED, 404: Kind.NOT_FOUND, 429: Kind.THROTTLED}
        return by_status.get(status, Kind.ERROR)
    return Kind.ERROR


def _skewed(code: str, said: str) -> bool:
    if code in ("RequestTimeTooSkewed", "RequestInTheFuture"):
        return True
    return code in ("InvalidSignatureException", "SignatureDoesNotMatch") and (
        "expired" in said or "not yet current" in said
    )


def _remedy(kind: Kind, code: str, message: str, operation: str, place: Place | None, origin: Origin, role: str) -> str:
    service = operation.partition(":")[0]
    if kind is Kind.DENIED:
        if "service control policy" in message or "resource control policy" in message:
            return "an organisation policy forbids it: ask its administrator"
        if code in ("OptInRequired", "RegionDisabledException") and place:
            return f"aws account enable-region --region-name {place.region}{origin.option}"
        if operation == "sts:AssumeRole":
            return f"let the trust policy of {origin.assumes or 'the role'} name this identity" + (
                f", with {', '.join(table()[operation].iam)}: `socconsole iam {role}` prints it"
            )
        if operation == "sso:GetRoleCredentials":
            return f"correct sso_account_id and sso_role_name: aws configure sso{origin.option}"
        row = table().get(operation)
        actions = ", ".join(row.iam) if row else operation
        return f"allow {actions}: `socconsole iam {role}` prints the whole policy"
    if kind is Kind.OFF and place and service in _ENABLE:
        return f"{_ENABLE[service]} --region {place.region}{origin.option}"
    if kind in (Kind.EXPIRED, Kind.NO_CREDENTIALS):
        return _sign_in(origin)
    if kind is Kind.ERROR and _skewed(code, message.lower()):
        return "set this machine's clock: AWS refuses signatures more than 5 minutes off"
    if kind is Kind.THROTTLED:
        return "lower `share` in the config, or find who else calls so often in this account"
    if kind is Kind.BAD_RESPONSE:
        return "look for a proxy or a sign-in page between here and AWS"
    return ""


def _sign_in(origin: Origin) -> str:
    match origin.how:
        case "sso":
            return f"aws sso login{origin.option}"
        case "login":
            return f"aws login{origin.option}"
        case "env":
            return "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, then start again"
        case "drill":
            return "start the drill again: socconsole drill --resume"
        case _:
            return f"aws configure{origin.option}   (or: aws configure sso{origin.option})"


def _fill(remedy: str, place: Place | None, origin: Origin, operation: str) -> str:
    if origin.how == "drill" and not remedy.startswith("{"):
        return _sign_in(origin)
    region = place.region if place else "the region"
    service = operation.partition(":")[0]
    host = f"{service}.{region}.amazonaws.com" if place else "sts.amazonaws.com"
    return remedy.format(sign_in=_sign_in(origin), option=origin.option, region=region, host=host)


def _word(text: str) -> str:
    """A profile name as one shell word."""
    safe = token(text)
    return safe if safe.replace("-", "").replace("_", "").replace(".", "").isalnum() else json.dumps(safe)


def _detail(error: Exception) -> Untrusted:
    return Untrusted(_text(error) or type(error).__name__)


def _text(error: Exception) -> str:
    return mask(str(error))[:_DETAIL]
