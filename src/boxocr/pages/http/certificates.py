"""Errors for untrusted certificates: the reason in plain words, and the environment variable that may help."""

import ssl
from collections.abc import Iterator

from urllib3.util.ssl_match_hostname import CertificateError

from boxocr.errors import PageCertificate

# They name files with certificate authorities: the first for the web and Label Studio, the second, boto3's, for S3.
WEB_VARIABLE, S3_VARIABLE = "SSL_CERT_FILE", "AWS_CA_BUNDLE"

# OpenSSL's X509_V_ERR_… codes. The first group: no chain leads to a trusted authority.
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)


def certificate_trouble(error: BaseException, who: str, variable: str = WEB_VARIABLE) -> PageCertificate | None:
    """The error to raise if a connection failed because of its certificate; None if there was another reason.

    Args:
        error: the failed connection's, from any library.
        who: the server, as in "The certificate of …".
        variable: the environment variable that names a file with certificate authorities for this connection.
    """
    for cause in causes_of(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _explained(cause.verify_code, cause.verify_message, f"The certificate of {who}", variable)
        if isinstance(cause, CertificateError):
            # Raised by urllib3 if it compares the names itself, as it does for boto3.
            return _explained(_OTHER_NAME[0], "", f"The certificate of {who}", variable)
    return None


def _explained(code: int, said: str, it: str, variable: str) -> PageCertificate:
    if code in _UNKNOWN_AUTHORITY:
        return PageCertificate(
            f"{it} was issued by an authority that this server does not trust.",
            f"Set {variable} to the PEM file of that certificate authority.",
        )
    if code in _OTHER_NAME:
        return PageCertificate(
            f"{it} was issued for another name.",
            f"Use a name that is in the certificate, or have one issued for this name; {variable}, which takes the PEM "
            "file of the certificate authority, does not help here.",
        )
    if code == _EXPIRED:
        return PageCertificate(
            f"{it} has expired.",
            f"Renew it on that server. If the authority's own certificate has expired, set {variable} to the PEM "
            "file of the new certificate authority.",
        )
    if code == _NOT_YET_VALID:
        return PageCertificate(
            f"{it} is not valid yet.",
            f"Synchronize both clocks with a time server; {variable}, which takes the PEM file of the certificate "
            "authority, does not help here.",
        )
    return PageCertificate(
        f"{it} cannot be verified ({said}).",
        f"Have it reissued; {variable} takes the PEM file of the certificate authority.",
    )


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error, its cause, and so on."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
