"""The errors of BoxOCR, each with an HTTP status, a message and a remedy.

BoxOCRError
├── RequestError                  the request is invalid (HTTP 4xx)
│   ├── MalformedRequest              400
│   ├── Unauthorized                  401
│   ├── RequestTooLarge               413
│   ├── HostNotAllowed                403  the request names a host that is not this server
│   ├── CrossOrigin                   403  a browser sent the request for a page of another site
│   ├── NotJSON                       415
│   ├── RateLimited                   429  more requests per second than one caller may send
│   ├── LabelingConfigError           400  the config has no TextArea for text
│   └── TrainingNotPossible           409  a setting that learning needs is missing
├── Busy                          503  more requests are waiting than the server allows
├── RegionError                   422  a drawn shape that cannot be read on any page
├── PageError                     502  the page's image is not available
│   ├── PageAddressError              422  missing, invalid or of an unknown kind
│   ├── PageForbidden                 403  a host, scheme or path that is not allowed
│   ├── PageUnauthorized              401  the source refused our credentials
│   ├── PageNotFound                  404
│   ├── PageUnreachable               502  no connection, 5xx, incomplete download
│   │   └── PageCertificate               502  the certificate of the TLS connection is not trusted
│   ├── PageTimeout                   504
│   ├── PageTooLarge                  413  bytes or pixels over a limit
│   ├── PageTooCostly                 422  decoding takes too much time or memory
│   └── PageUndecodable               422  not an image that can be read
├── DocumentError                 422  a file that cannot be imported, or one of its pages
└── ReadingError                  500  the engine returned no reading
    ├── LanguageMissing               422
    ├── ReadingTimeout                504
    ├── ReaderCrashed                 500
    └── EngineUnavailable             503
        └── EngineNotUsable               503  retrying does not help

``message`` is a sentence about the cause, ``remedy`` one about the solution. Neither may contain a token, a local path
or a traceback: both are shown to annotators and sent over HTTP.
"""


class BoxOCRError(Exception):
    """The base of all errors that BoxOCR raises deliberately.

    Args:
        message: one sentence, with a full stop; empty for the class's own.
        remedy: one sentence, with a full stop; empty for the class's own.
    """

    status = 500
    code = "internal_error"
    message = "Something went wrong inside BoxOCR."
    remedy = "Search the server log for the request id."

    def __init__(self, message: str = "", remedy: str = "") -> None:
        self.message = message or type(self).message
        self.remedy = remedy or type(self).remedy
        super().__init__(self.message)

    def __reduce__(self) -> tuple[type["BoxOCRError"], tuple[str, str]]:
        # Reader processes send errors with pickle, which by default passes on only the message.
        return type(self), (self.message, self.remedy)

    @property
    def sentence(self) -> str:
        """Message and remedy, as shown to annotators."""
        return f"{self.message} {self.remedy}".strip()


class RequestError(BoxOCRError):
    """The request is invalid."""

    status = 400
    code = "bad_request"
    message = "The request cannot be answered."
    remedy = "Compare it with examples/one-box.json."


class MalformedRequest(RequestError):
    """The body does not have the form that Label Studio sends."""

    code = "malformed_request"


class Unauthorized(RequestError):
    """Basic authentication is enabled, and the credentials are missing or wrong."""

    status = 401
    code = "unauthorized"
    message = "This ML backend requires a user name and password."
    remedy = "Enter them in Label Studio where the model is connected, under basic authentication."


class RequestTooLarge(RequestError):
    """The request's body is larger than MAX_REQUEST_MB."""

    status = 413
    code = "request_too_large"
    message = "The request is too large."
    remedy = "Send fewer tasks at once, or raise MAX_REQUEST_MB."


class HostNotAllowed(RequestError):
    """The request's Host header is not a name of this server, so a browser may have been tricked into sending it."""

    status = 403
    code = "host_not_allowed"
    message = "This server does not have the name that the request was sent to."
    remedy = "Add the name to ALLOWED_HOSTS."


class CrossOrigin(RequestError):
    """A page of another site tries to read the status page."""

    status = 403
    code = "cross_origin"
    message = "Other sites may not read the status page."
    remedy = "Open the address of this server itself."


class NotJSON(RequestError):
    """The body is not declared as JSON. Pages of other sites can only send other types without a CORS preflight."""

    status = 415
    code = "not_json"
    message = "The request's body is not declared as JSON."
    remedy = "Send it with the header Content-Type: application/json."


class RateLimited(RequestError):
    """A caller sends more requests than REQUESTS_PER_SECOND allows."""

    status = 429
    code = "rate_limited"
    message = "Too many requests come from this address."
    remedy = "Send fewer, or raise REQUESTS_PER_SECOND."
    retry_after_seconds = 1


class LabelingConfigError(RequestError):
    """The labeling config is invalid, or has no per-region TextArea for an Image."""

    code = "labeling_config"
    message = "The labeling config has no TextArea for the text of a region."
    remedy = 'Add <TextArea name="transcription" toName="…" perRegion="true" editable="true" rows="3"/> for the Image.'


class TrainingNotPossible(RequestError):
    """Label Studio requests a training, but a setting that training needs is missing."""

    status = 409
    code = "training_not_possible"
    message = "This server cannot learn from corrections."
    remedy = "Set MODEL_DIR, LABEL_STUDIO_HOST and LABEL_STUDIO_ACCESS_TOKEN."


class Busy(BoxOCRError):
    """More requests are waiting than OCR_QUEUE allows."""

    status = 503
    code = "busy"
    message = "Too many boxes are waiting to be read."
    remedy = "Try again in a few seconds, or give the server more cores."
    retry_after_seconds = 2


class RegionError(BoxOCRError):
    """A drawn shape that cannot be read on any page."""

    status = 422
    code = "region"
    message = "This shape cannot be read."
    remedy = "Draw a rectangle around the text."


class PageError(BoxOCRError):
    """The page's image is not available."""

    status = 502
    code = "page"
    message = "The page's image could not be fetched."
    remedy = "Check that the image opens in Label Studio."


class PageAddressError(PageError):
    """The page's URL is missing, invalid or of an unknown kind."""

    status = 422
    code = "page_address"
    message = "The task contains no image address."
    remedy = "Check the Image tag's value against the task's data."


class PageForbidden(PageError):
    """The host, scheme or path of the page's URL is not allowed."""

    status = 403
    code = "page_forbidden"
    message = "The page's image is on a host this server is not allowed to contact."
    remedy = "Add the host to ALLOWED_IMAGE_HOSTS."


class PageUnauthorized(PageError):
    """The source refused this server's credentials, or requires some and there are none."""

    status = 401
    code = "page_unauthorized"
    message = "Access to the page's image requires a valid token or key."
    remedy = "Check LABEL_STUDIO_ACCESS_TOKEN or the S3 keys."


class PageNotFound(PageError):
    """The source has no such image."""

    status = 404
    code = "page_not_found"
    message = "The page's image does not exist."
    remedy = "Check that the file was not moved or deleted."


class PageUnreachable(PageError):
    """No connection, a server error, or an incomplete download."""

    code = "page_unreachable"
    message = "The server of the page's image did not send a valid response."
    remedy = "Check that it is running and that this server can reach it."


class PageCertificate(PageUnreachable):
    """The certificate of the image's server, or of Label Studio, is not trusted."""

    code = "page_certificate"
    message = "The certificate of the server of the page's image is not trusted."
    remedy = "Set SSL_CERT_FILE to the PEM file of the certificate authority."


class PageTimeout(PageError):
    """The image did not arrive within PAGE_TIMEOUT, or had to wait too long for other images."""

    status = 504
    code = "page_timeout"
    message = "The page's image did not arrive in time."
    remedy = "Try again, or raise PAGE_TIMEOUT."


class PageTooLarge(PageError):
    """More bytes than MAX_PAGE_MB, or more pixels than MAX_PAGE_MEGAPIXELS."""

    status = 413
    code = "page_too_large"
    message = "The page's image is too large."
    remedy = "Reduce its size, or raise MAX_PAGE_MB or MAX_PAGE_MEGAPIXELS."


class PageTooCostly(PageError):
    """Decoding takes too much time or memory for a page of this size, or the file consists of too many parts."""

    status = 422
    code = "page_too_costly"
    message = "The page's image takes too much time or memory to decode."
    remedy = "Save it again as an ordinary PNG or JPEG."


class PageUndecodable(PageError):
    """The file is not an image in a supported format."""

    status = 422
    code = "page_undecodable"
    message = "The page's file is not an image that can be read."
    remedy = "Use PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF, HEIC or JPEG 2000."


class DocumentError(BoxOCRError):
    """A document file, or one of its pages, cannot be turned into an image."""

    status = 422
    code = "document"
    message = "The file cannot be imported."
    remedy = "Open it in a viewer, and save it again."


class ReadingError(BoxOCRError):
    """The engine returned no reading."""

    code = "reading"
    message = "The text could not be read."
    remedy = "Try again. If it keeps happening, check the server log."


class LanguageMissing(ReadingError):
    """No engine has data for a requested language."""

    status = 422
    code = "language_missing"


class ReadingTimeout(ReadingError):
    """Reading took longer than OCR_TIMEOUT, and the reader process was stopped."""

    status = 504
    code = "reading_timeout"
    message = "Reading took too long and was stopped."
    remedy = "Draw a smaller box, or raise OCR_TIMEOUT."


class ReaderCrashed(ReadingError):
    """The reader process died while reading; a new process has replaced it."""

    code = "reader_crashed"
    message = "The OCR engine crashed on this box."
    remedy = "Try again. If it keeps happening, draw the box a little differently."


class EngineUnavailable(ReadingError):
    """No OCR engine can be started."""

    status = 503
    code = "engine_unavailable"
    message = "No OCR engine is available."
    remedy = "Reinstall the requirements with make run."


class EngineNotUsable(EngineUnavailable):
    """The engine does not exist, is not an OCR engine, or lacks a component; retrying does not help."""
