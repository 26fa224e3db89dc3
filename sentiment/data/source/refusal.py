"""Says in one line why a bucket cannot be listed, and what to set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PaginationError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)
from botocore.parsers import ResponseParserError

from sentiment.data.source.answer import TooLate
from sentiment.errors import InputError, UnavailableError
from sentiment.text.harmless import visible

CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE, or give this machine a role)."
WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "AuthFailure"}
ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
LONGEST = 300  # characters that are shown of what a store says


class TooLong(BotoCoreError):
    """An answer that is no object is longer than a store's answer ever is."""

    fmt = "the answer has more than {most:,} {of_what}"


class Grows(BotoCoreError):
    """An answer that is no object would take far more memory than it has bytes."""

    fmt = "the answer has {what}, which no store's answer has"


class NeverEnds(BotoCoreError):
    """A list goes on where that of any bucket has ended."""

    fmt = "one that {what}"


@contextmanager
def refused(address: str) -> Iterator[None]:
    """Turns boto3's errors about the source `address` into an InputError."""
    try:
        yield
    except ClientError as error:
        raise _of_the_store(address, error) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound) as error:
        raise InputError(f"{address} needs credentials", found=in_a_line(error), do=CREDENTIALS) from None
    except SSLError as error:
        raise InputError(
            f"{address} must have a certificate that is trusted here",
            found=in_a_line(error),
            do="Set AWS_CA_BUNDLE to the file of its authority.",
        ) from None
    except (ConnectionError, HTTPClientError, IncompleteReadError, FlexibleChecksumError, TooLate) as error:
        raise UnavailableError(
            f"the object store of {address} must be reachable",
            found=in_a_line(error),
            do="Check the network, and AWS_ENDPOINT_URL (for a store other than Amazon's).",
        ) from None
    except ParamValidationError as error:
        raise InputError(
            "an S3 source must be s3://bucket/prefix",
            found=f"{address}: {in_a_line(error)}",
            do="Correct SENTIMENT_SOURCE (or --source).",
        ) from None
    except NeverEnds as error:
        raise InputError(
            f"the list of {address} must end",
            found=str(error),
            do="Name a longer prefix, or look into the store's log.",
        ) from None
    except (TooLong, Grows, PaginationError, ResponseParserError) as error:
        raise _unlike_s3(address, error) from None
    except BotoCoreError as error:
        raise _of_the_settings(address, error) from None
    except (ValueError, RuntimeError, ArithmeticError) as error:  # what should be a number or a time is none
        raise _unlike_s3(address, error) from None


@contextmanager
def settings_used(address: str) -> Iterator[None]:
    """Turns boto3's errors about the settings that a client for `address` is made with into an InputError."""
    with refused(address):
        try:
            yield
        except ValueError as error:  # an AWS_ENDPOINT_URL that is not an address
            raise _of_the_settings(address, error) from None


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def words_of(error: ClientError, between: str = " ") -> str:
    """Returns what the store says, in one line: its words may be anybody's."""
    message = error.response.get("Error", {}).get("Message", "")
    return _shown(f"{code_of(error)}{between}{message}")


def in_a_line(error: Exception) -> str:
    """Returns an error in one line; it may quote what the store sent."""
    return _shown(f"{type(error).__name__}: {error}")


def _shown(text: str) -> str:
    return visible(" ".join(text[: 4 * LONGEST].split()), LONGEST)


def _of_the_settings(address: str, error: Exception) -> InputError:
    return InputError(
        f"{address} must be readable with boto3's settings",
        found=in_a_line(error),
        do="Correct the AWS_… variables.",
    )


def _unlike_s3(address: str, error: Exception) -> InputError:
    return InputError(
        f"the object store of {address} must answer as S3 does",
        found=in_a_line(error),
        do="Check AWS_ENDPOINT_URL, or look into the store's log.",
    )


def _of_the_store(address: str, error: ClientError) -> InputError:
    code, found = code_of(error), words_of(error, ": ")
    if code == "NoSuchBucket":
        return InputError(
            f"the bucket of {address} must exist", found=found, do="Correct SENTIMENT_SOURCE or AWS_ENDPOINT_URL."
        )
    if code in WRONG_KEYS:
        return InputError(f"{address} needs valid credentials", found=found, do=CREDENTIALS)
    if code in ELSEWHERE:
        return InputError(f"{address} must be reached in its own region", found=found, do="Set AWS_REGION to it.")
    if code in ("AccessDenied", "AllAccessDisabled", "403"):
        return InputError(
            f"these credentials must be allowed to list {address}",
            found=found,
            do="Allow s3:ListBucket on the bucket and s3:GetObject on the prefix, or set other AWS_ credentials.",
        )
    return UnavailableError(
        f"the object store must list {address}", found=found, do="Try again, or look into the store's log."
    )
