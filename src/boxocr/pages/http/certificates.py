"""Errors for untrusted certificates: the reason in plain words, and the environment variable that may help."""

import ssl
from collections.abc import Iterator

from urllib3.util.ssl_match_hostname import CertificateError

from boxocr.errors import PageCertificate

# Variables that name files with certificate authorities: one for the web and Label Studio, and boto3's own for S3.
WEB_VARIABLE, S3_VARIABLE = "SSL_CERT_FILE", "AWS_CA_BUNDLE"


def certificate_error(error: BaseException, who: str, variable: str = WEB_VARIABLE) -> PageCertificate | None:
    """The error to raise if a connection failed because of its certificate; None if there was another reason.

    Args:
        error: of the failed connection, from any library.
        who: the server, as in "The certificate of …".
        variable: the environment variable that names a file with certificate authorities for this connection.
    """
    for cause in causes_of(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _explained(cause.verify_code, cause.verify_message, f"The certificate of {who}", variable)
        if isinstance(cause, CertificateError):
            # Raised by urllib3 if it compares the names itself, as it does for boto3.
            return _explained(62, "", f"The certificate of {who}", variable)
    return None


def _explained(code: int, reason: str, certificate: str, variable: str) -> PageCertificate:
    match code:  # OpenSSL's X509_V_ERR_…
        case 2 | 18 | 19 | 20 | 21:  # no chain leads to a trusted authority
            return PageCertificate(
                f"{certificate} was issued by an authority that this server does not trust.",
                f"Set {variable} to the PEM file of that certificate authority.",
            )
        case 62 | 64:  # host name or IP address mismatch
            return PageCertificate(
                f"{certificate} was issued for another name.",
                "Use a name that is in the certificate, or have one issued for this name; "
                f"{variable}, which takes the PEM file of the certificate authority, does not help here.",
            )
        case 10:
            return PageCertificate(
                f"{certificate} has expired.",
                "Renew it on that server. If the authority's own certificate has expired, "
                f"set {variable} to the PEM file of the new certificate authority.",
            )
        case 9:
            return PageCertificate(
                f"{certificate} is not valid yet.",
                "Synchronize both clocks with a time server; "
                f"{variable}, which takes the PEM file of the certificate authority, does not help here.",
            )
        case _:
            return PageCertificate(
                f"{certificate} cannot be verified ({reason}).",
                f"Have it reissued; {variable} takes the PEM file of the certificate authority.",
            )


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error, its cause, and so on."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
