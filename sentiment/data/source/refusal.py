"""Says in one line why a bucket cannot be listed, and what to set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)

from sentiment.errors import InputError, UnavailableError

CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE, or give this machine a role)."
WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "AuthFailure"}
ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}


@contextmanager
def refused(address: str) -> Iterator[None]:
    """Turns boto3's errors about the source `address` into an InputError."""
    try:
        yield
    except ClientError as error:
        raise _of_the_store(address, error) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound) as error:
        raise InputError(f"{address} needs credentials", found=_line(error), do=CREDENTIALS) from None
    except SSLError as error:
        raise InputError(
            f"{address} must have a certificate that is trusted here",
            found=_line(error),
            do="Set AWS_CA_BUNDLE to the file of its authority.",
        ) from None
    except (ConnectionError, HTTPClientError) as error:
        raise UnavailableError(
            f"the object store of {address} must be reachable",
            found=_line(error),
            do="Check the network, and AWS_ENDPOINT_URL (for a store other than Amazon's).",
        ) from None
    except ParamValidationError as error:
        raise InputError(
            "an S3 source must be s3://bucket/prefix",
            found=f"{address}: {_line(error)}",
            do="Correct SENTIMENT_SOURCE (or --source).",
        ) from None
    except (BotoCoreError, ValueError) as error:  # ValueError: an AWS_ENDPOINT_URL that is not an address
        raise InputError(
            f"{address} must be readable with boto3's settings", found=_line(error), do="Correct the AWS_… variables."
        ) from None


def _of_the_store(address: str, error: ClientError) -> InputError:
    told = error.response.get("Error", {})
    code = str(told.get("Code", ""))
    found = f"{code}: {told.get('Message', '')}"
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


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
