"""What is wrong with the certificate that a server shows, in plain words, and the variable that may mend it."""

import ssl
from collections.abc import Iterator

from urllib3.util.ssl_match_hostname import CertificateError

from boxocr.errors import PageCertificate

# What the web and Label Studio are checked with, and what boto3 checks S3 with.
WEB_VARIABLE, S3_VARIABLE = "SSL_CERT_FILE", "AWS_CA_BUNDLE"

# OpenSSL's numbers (X509_V_ERR_…). The first ones: no way leads from the certificate to an authority that is trusted.
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)


def certificate_trouble(error: BaseException, who: str, variable: str = WEB_VARIABLE) -> PageCertificate | None:
    """The error to raise where a certificate is the reason for another one; None where it is not.

    Args:
        error: of a connection, as whatever library made it.
        who: showed the certificate, as a sentence goes on with it after "The certificate of".
        variable: that names a file with certificate authorities for this connection.
    """
    for cause in causes_of(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _explained(cause.verify_code, cause.verify_message, f"The certificate of {who}", variable)
        if isinstance(cause, CertificateError):
            # urllib3's own, where it compares the names itself, as it does for boto3.
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
            f"{it} is made out to another name.",
            f"Use a name that is in the certificate, or have one made for this name; {variable}, which takes the PEM "
            "file of the certificate authority, does not help here.",
        )
    if code == _EXPIRED:
        return PageCertificate(
            f"{it} has expired.",
            f"Renew it there. If the authority's own certificate has expired, set {variable} to the PEM file of the "
            "new certificate authority.",
        )
    if code == _NOT_YET_VALID:
        return PageCertificate(
            f"{it} is not valid yet.",
            f"Set both clocks by a time server; {variable}, which takes the PEM file of the certificate authority, "
            "does not help here.",
        )
    return PageCertificate(
        f"{it} cannot be verified ({said}).",
        f"Have it made again; {variable} takes the PEM file of the certificate authority.",
    )


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
