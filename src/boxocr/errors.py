"""Everything that can go wrong, each with what to tell people about it.

BoxOCRError
├── RequestError                  the caller is wrong (HTTP 4xx)
│   ├── MalformedRequest              400
│   ├── Unauthorized                  401
│   ├── RequestTooLarge               413
│   └── LabelingConfigError           400  the config has nothing to write text into
├── Busy                          503  more requests wait than the server allows
├── RegionError                   422  a drawn shape that cannot be read, whatever is on the page
├── PageError                     502  the page's image could not be had
│   ├── PageAddressError              422  nothing that can be fetched: scheme, missing value
│   ├── PageForbidden                 403  host or path that the operator did not allow
│   ├── PageUnauthorized              401  the source refused our credentials
│   ├── PageNotFound                  404
│   ├── PageUnreachable               502  no connection, 5xx, cut in the middle
│   │   └── PageCertificate               502  TLS, and the certificate cannot be trusted
│   ├── PageTimeout                   504
│   ├── PageTooLarge                  413  bytes or pixels over a limit
│   └── PageUndecodable               422  not an image that can be read
└── ReadingError                  500  the engine gave no reading
    ├── LanguageMissing               422
    ├── ReadingTimeout                504
    ├── ReaderCrashed                 500
    └── EngineUnavailable             503
        └── EngineNotUsable               503  trying again does not help

``message`` is one sentence for the annotator, ``remedy`` one for whoever can mend it. Neither may hold a token, a
local path or a traceback: both are shown to annotators and sent over HTTP.
"""


class BoxOCRError(Exception):
    """The base of all errors that BoxOCR raises on purpose.

    Args:
        message: one sentence, ending in a full stop, that says what happened.
        remedy: one sentence that says what to do about it; empty to take the class's own.
    """

    status = 500
    code = "internal_error"
    message = "Something went wrong inside BoxOCR."
    remedy = "Look for the request id in the server's log."

    def __init__(self, message: str = "", remedy: str = "") -> None:
        self.message = message or type(self).message
        self.remedy = remedy or type(self).remedy
        super().__init__(self.message)

    def __reduce__(self) -> tuple[type["BoxOCRError"], tuple[str, str]]:
        # Errors cross from the reader processes by pickle, and must arrive with both sentences.
        return type(self), (self.message, self.remedy)

    @property
    def sentence(self) -> str:
        """Message and remedy, as an annotator reads them."""
        return f"{self.message} {self.remedy}".strip()


class RequestError(BoxOCRError):
    """The caller sent something that cannot be answered."""

    status = 400
    code = "bad_request"
    message = "The request cannot be answered."
    remedy = "Compare it with examples/one-box.json."


class MalformedRequest(RequestError):
    """The body is not what Label Studio sends."""

    code = "malformed_request"


class Unauthorized(RequestError):
    """Basic authentication is on, and the credentials are missing or wrong."""

    status = 401
    code = "unauthorized"
    message = "This ML backend asks for a user name and password."
    remedy = "Enter them in Label Studio where the model is connected, under basic authentication."


class RequestTooLarge(RequestError):
    """The request's body is larger than MAX_REQUEST_MB."""

    status = 413
    code = "request_too_large"
    message = "The request is too large."
    remedy = "Send fewer tasks at once, or raise MAX_REQUEST_MB."


class LabelingConfigError(RequestError):
    """The labeling config cannot be parsed, or has no per-region TextArea on an Image."""

    code = "labeling_config"
    message = "The labeling config has no TextArea for the text of a region."
    remedy = 'Add <TextArea name="transcription" toName="…" perRegion="true" editable="true" rows="3"/> for the Image.'


class Busy(BoxOCRError):
    """More requests wait than OCR_QUEUE allows."""

    status = 503
    code = "busy"
    message = "Too many boxes are waiting to be read."
    remedy = "Try again in a few seconds, or give the server more cores."
    retry_after_seconds = 2


class RegionError(BoxOCRError):
    """A drawn shape that cannot be read, whatever is on the page."""

    status = 422
    code = "region"
    message = "This shape cannot be read."
    remedy = "Draw a rectangle around the text."


class PageError(BoxOCRError):
    """The page's image could not be had."""

    status = 502
    code = "page"
    message = "The page's image could not be fetched."
    remedy = "Check that the image opens in Label Studio."


class PageAddressError(PageError):
    """The task holds nothing that can be fetched."""

    status = 422
    code = "page_address"
    message = "The task holds no address of an image."
    remedy = "Check the Image tag's value against the task's data."


class PageForbidden(PageError):
    """The operator did not allow this host or path."""

    status = 403
    code = "page_forbidden"
    message = "The page's image lies on a host that this server may not ask."
    remedy = "Add the host to ALLOWED_IMAGE_HOSTS."


class PageUnauthorized(PageError):
    """The source refused our credentials, or wants some and we have none."""

    status = 401
    code = "page_unauthorized"
    message = "The page's image was refused for lack of a valid token or key."
    remedy = "Check LABEL_STUDIO_ACCESS_TOKEN or the S3 keys."


class PageNotFound(PageError):
    """The source has no such image."""

    status = 404
    code = "page_not_found"
    message = "The page's image does not exist."
    remedy = "Check that the file was not moved or deleted."


class PageUnreachable(PageError):
    """No connection, a server error, or a transfer cut in the middle."""

    code = "page_unreachable"
    message = "The server that holds the page's image did not answer properly."
    remedy = "Check that it runs and that this server can reach it."


class PageCertificate(PageUnreachable):
    """The server that holds the image, or Label Studio, shows a certificate that is not to be trusted."""

    code = "page_certificate"
    message = "The certificate of the server that holds the page's image is not trusted."
    remedy = "Set SSL_CERT_FILE to the PEM file of the certificate authority."


class PageTimeout(PageError):
    """The image did not arrive within PAGE_TIMEOUT."""

    status = 504
    code = "page_timeout"
    message = "The page's image did not arrive in time."
    remedy = "Try again, or raise PAGE_TIMEOUT."


class PageTooLarge(PageError):
    """More bytes than MAX_PAGE_MB, or more pixels than MAX_PAGE_MEGAPIXELS."""

    status = 413
    code = "page_too_large"
    message = "The page's image is too large."
    remedy = "Store it smaller, or raise MAX_PAGE_MB or MAX_PAGE_MEGAPIXELS."


class PageUndecodable(PageError):
    """The bytes are not an image of a kind that is read here."""

    status = 422
    code = "page_undecodable"
    message = "The page's file is not an image that can be read."
    remedy = "Use PNG, JPEG, WebP, TIFF, BMP or GIF."


class ReadingError(BoxOCRError):
    """The engine gave no reading."""

    code = "reading"
    message = "The text could not be read."
    remedy = "Try again; if it stays, look into the server's log."


class LanguageMissing(ReadingError):
    """A language was asked for that no engine has."""

    status = 422
    code = "language_missing"


class ReadingTimeout(ReadingError):
    """The reading ran past OCR_TIMEOUT, and its reader was stopped."""

    status = 504
    code = "reading_timeout"
    message = "Reading took too long and was stopped."
    remedy = "Draw a smaller box, or raise OCR_TIMEOUT."


class ReaderCrashed(ReadingError):
    """The reader process died while it read; another one has taken its place."""

    code = "reader_crashed"
    message = "The OCR engine crashed on this box."
    remedy = "Try again; if it stays, draw the box a little differently."


class EngineUnavailable(ReadingError):
    """No OCR engine can be started."""

    status = 503
    code = "engine_unavailable"
    message = "No OCR engine is available."
    remedy = "Install the requirements again with make run."


class EngineNotUsable(EngineUnavailable):
    """The engine does not exist, is no engine, or lacks a part: only another setting or an installation helps."""
